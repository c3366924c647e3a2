//! All instances, with the sets that they are filed in.

use std::ops::Deref;
use std::rc::Rc;

use super::filing::Filing;
use super::instance::Instance;
use super::sets::Sets;
use crate::plan::spec::Spec;

/// All instances, by their index. Each is read as an element of a slice, and changes through [`Instances::edit`] alone, so that no
/// change is missed by the sets.
#[derive(Debug)]
pub(super) struct Instances {
    specs: Vec<Rc<Spec>>,
    all: Vec<Instance>,
    sets: Sets,
}

impl Deref for Instances {
    type Target = [Instance];

    fn deref(&self) -> &[Instance] {
        &self.all
    }
}

impl Instances {
    /// Instances with these specs, of which nothing exists yet.
    pub(super) fn new(specs: Vec<Rc<Spec>>) -> Self {
        let mut instances = Self {
            all: specs.iter().map(|spec| Instance::new(spec.grace)).collect(),
            sets: Sets::knowing(specs.iter().flat_map(|spec| spec.after.iter())),
            specs,
        };
        for index in 0..instances.all.len() {
            instances.refile(index, &Filing::default());
        }
        instances
    }

    /// Adds an instance, which is not due yet.
    pub(super) fn push(&mut self, spec: Rc<Spec>) {
        let mut instance = Instance::new(spec.grace);
        instance.is_due = false;
        self.all.push(instance);
        self.specs.push(spec);
        self.refile(self.all.len() - 1, &Filing::default());
    }

    /// What each instance is in its present generation, or was in its last.
    pub(super) fn specs(&self) -> &[Rc<Spec>] {
        &self.specs
    }

    /// The sets, to be asked.
    pub(super) fn sets(&self) -> &Sets {
        &self.sets
    }

    /// The sets, for what they keep until it is taken.
    pub(super) fn sets_mut(&mut self) -> &mut Sets {
        &mut self.sets
    }

    /// Changes an instance, and files it anew.
    pub(super) fn edit<T>(&mut self, index: usize, change: impl FnOnce(&mut Instance) -> T) -> T {
        let before = self.filing(index);
        let result = change(&mut self.all[index]);
        self.refile(index, &before);
        result
    }

    /// The spec that was kept for the next generation holds from now on; it is returned, if there was one.
    pub(super) fn use_next_spec(&mut self, index: usize) -> Option<Rc<Spec>> {
        let before = self.filing(index);
        let spec = self.all[index].next.take()?;
        self.all[index].set_grace(spec.grace);
        self.specs[index] = Rc::clone(&spec);
        self.refile(index, &before);
        Some(spec)
    }

    fn filing(&self, index: usize) -> Filing {
        Filing::of(index, &self.all[index], &self.specs[index])
    }

    fn refile(&mut self, index: usize, before: &Filing) {
        let after = self.filing(index);
        for kind in after.dependencies() {
            if !self.sets.knows(kind) {
                let of_kind = (0..self.all.len()).filter(|index| self.specs[*index].name.kind == *kind);
                let states = of_kind.map(|index| self.filing(index).dependency).collect();
                self.sets.learn(kind, states);
            }
        }
        self.sets.refile(index, &self.specs[index].name.kind, before, &after);
    }

    /// The sets as a fresh look at all instances makes them.
    #[cfg(test)]
    pub(super) fn sets_of_all(&self) -> Sets {
        let mut sets = Sets::knowing(self.sets.known());
        for (index, spec) in self.specs.iter().enumerate() {
            sets.refile(index, &spec.name.kind, &Filing::default(), &self.filing(index));
        }
        sets
    }
}
