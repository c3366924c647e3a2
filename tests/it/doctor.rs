//! Promised: `ganger doctor` finds each fault that it has a code for, in a project that has nothing else wrong, and reports
//! nothing else there. The example that follows the twelve factors has no finding.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Project, are_there};
use crate::schema::check;

const SCHEMA: &str = "docs/schema/doctor.json";

/// A code, and the files that make its fault: over those of a project without one.
type Broken<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// A project of which all is right.
const SOUND: [(&str, &str); 5] = [
    ("Procfile", "web: gunicorn app:app --bind 0.0.0.0:$PORT\nworker: celery -A app worker\n"),
    ("requirements.txt", "gunicorn==23.0.0\ncelery==5.4.0\n"),
    (".gitignore", ".env\n"),
    (".env", "REDIS_URL=redis://localhost/0\n"),
    (".env.example", "REDIS_URL=redis://localhost/0\n"),
];

#[rustfmt::skip]
const BROKEN: &[Broken<'_>] = &[
    ("II-no-lockfile", &[("package.json", r#"{"dependencies": {"express": "4"}}"#)]),
    ("II-no-lockfile", &[("Gemfile", "gem 'rack'\n")]),
    ("II-unpinned", &[("requirements.txt", "gunicorn==23.0.0\ncelery>=5\n")]),
    ("II-undeclared-program", &[("requirements.txt", "gunicorn==23.0.0\n")]),
    ("II-undeclared-import", &[
        ("package.json", "{}"), ("a.js", "const x = require('left-pad');\n"), ("node_modules/left-pad/index.js", ""),
        (".gitignore", ".env\nnode_modules\n"),
    ]),
    ("II-undeclared-import", &[
        ("a.py", "import yaml\n"), (".gitignore", ".env\n.venv\n"),
        (".venv/lib/python3.12/site-packages/PyYAML-6.0.dist-info/RECORD", "yaml/__init__.py,sha256=x,1\n"),
    ]),
    ("III-env-not-ignored", &[(".gitignore", "")]),
    ("III-example-missing", &[(".env.example", "REDIS_URL=x\nSECRET=x\n")]),
    ("III-example-surplus", &[(".env.example", "")]),
    ("III-secret-in-file", &[("deploy.sh", "key=AKIAABCDEFGHIJKLMNOP\n")]),
    ("III-config-group", &[("app/settings_production.py", "")]),
    ("IV-address-in-procfile", &[("Procfile", "web: gunicorn a:a\nworker: celery -b redis://localhost:6379/0 worker\n")]),
    ("IV-address-in-source", &[("db.py", "URL = 'postgresql://me:hunter2@localhost/app'\n")]),
    ("V-build-in-run", &[("Procfile", "web: pip install -r requirements.txt && gunicorn a:a\n")]),
    ("V-migration-in-run", &[("Procfile", "web: python manage.py migrate && gunicorn a:a\n")]),
    ("VII-port-fixed", &[("Procfile", "web: gunicorn a:a -b 0.0.0.0:8000\n")]),
    ("VII-port-fixed", &[("Procfile", "web: bundle exec rails server -p 3000\n")]),
    ("VII-port-missing", &[("Procfile", "web: uvicorn --host 0.0.0.0 a:a\n"), ("requirements.txt", "uvicorn==0.30.0\n")]),
    ("VII-loopback", &[("Procfile", "web: uvicorn a:a --port $PORT\n"), ("requirements.txt", "uvicorn==0.30.0\n")]),
    ("VIII-daemonizes", &[("Procfile", "web: gunicorn a:a --daemon\n")]),
    ("VIII-daemonizes", &[("Procfile", "web: gunicorn a:a &\n")]),
    ("VIII-several-in-one", &[("Procfile", "web: celery -A a worker & gunicorn a:a\n")]),
    ("IX-shell-stays", &[("Procfile", "web: gunicorn a:a | cat\n")]),
    ("IX-script-runner", &[("Procfile", "web: npm start\n")]),
    ("X-versions-differ", &[(".python-version", "3.11.4\n"), ("Dockerfile", "FROM python:3.12-slim\n")]),
    ("X-versions-differ", &[(".tool-versions", "ruby 3.3.0\nnodejs 20.1.0\n"), (".nvmrc", "v18\n")]),
    ("X-development-server", &[("Procfile", "web: gunicorn --reload a:a\n")]),
    ("X-types-differ", &[("Procfile.dev", "web: python manage.py runserver $PORT\n")]),
    ("X-databases-differ", &[
        ("requirements.txt", "gunicorn==23.0.0\ncelery==5.4.0\npsycopg2==2.9.9\n"),
        (".env", "REDIS_URL=x\nDATABASE_URL=sqlite:///hunter2.db\n"), (".env.example", "REDIS_URL=x\nDATABASE_URL=x\n"),
    ]),
    ("XI-log-to-file", &[("Procfile", "web: gunicorn a:a --access-logfile log/web.log\n")]),
    ("XI-log-to-file", &[("Procfile", "web: exec gunicorn a:a >> web.log 2>&1\n")]),
    ("XI-log-discarded", &[("Procfile", "web: exec gunicorn a:a > /dev/null\n")]),
    ("XI-log-handler", &[("log.py", "h = logging.FileHandler('x.log')\n")]),
    ("XII-no-release", &[("app/migrations/0001_initial.py", "")]),
];

/// What development and a careful project may have: no finding.
#[rustfmt::skip]
const ALLOWED: &[&[(&str, &str)]] = &[
    &[],
    &[("Procfile", "web: gunicorn a:a --log-file -\nrelease: python manage.py migrate\n")],
    &[("Procfile", "web: cd a && exec gunicorn a:a --access-logfile /dev/stdout\n")],
    &[("Procfile", "web: sh -c 'cd a && gunicorn a:a'\nui: sh setup.sh && streamlit run a.py\n"), ("requirements.txt", "gunicorn==1\nstreamlit==1\n")],
    &[("Procfile", "web: sh -c 'exec gunicorn -b 0.0.0.0:${PORT:-8000} a:a'\n")],
    &[("Procfile", "web: gunicorn -c conf.py a:a\nbroker: redis-server --port 6379\n")],
    &[("db.py", "URL = os.environ.get('DB', 'postgres://localhost/a')\n# redis://localhost is the default\n")],
    &[("tests/test_db.py", "URL = 'redis://localhost'\nh = logging.FileHandler('x')\n")],
    &[("deploy.md", "AKIAIOSFODNN7EXAMPLE\n")],
    &[(".python-version", "3.12\n"), ("Dockerfile", "FROM python:3.12.4-slim AS build\n")],
    &[("package.json", r#"{"dependencies": {}}"#), ("a.js", "import fs from 'fs';\nimport x from './x.js';\n")],
    &[("requirements.txt", "gunicorn==23.0.0\ncelery==5.4.0 ; python_version > '3'\n-e .\ngit+https://h/p@v1\n")],
];

/// The sound project with these files, tracked.
fn with(files: &[(&str, &str)]) -> Project {
    let project = Project::empty();
    for (name, text) in SOUND.iter().chain(files) {
        project.write(name, text);
    }
    project.track();
    project.git(&["rm", "-q", "--cached", "--ignore-unmatch", ".env"]);
    project
}

/// The findings, with what is in them checked: the code, and how many of each.
fn codes(project: &Project, arguments: &[&str]) -> (i32, BTreeMap<String, usize>) {
    let (status, document) = project.json(&[&["doctor", "--json"], arguments].concat());
    check(SCHEMA, &document);
    assert!(!document.to_string().contains("hunter2"), "a value is printed: {document}");
    let mut found = BTreeMap::new();
    for finding in
        document["factors"].as_array().unwrap().iter().flat_map(|of| of["findings"].as_array().unwrap())
    {
        *found.entry(finding["code"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(status, i32::from(document["broken"] != 0), "{document}");
    (status, found)
}

fn one(code: &str) -> BTreeMap<String, usize> {
    BTreeMap::from([(code.to_owned(), 1)])
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    if !are_there(&["git"]) {
        return;
    }
    for (code, files) in BROKEN {
        assert_eq!(codes(&with(files), &[]).1, one(code), "{files:?}");
    }
}

#[test]
fn what_git_does_not_track_is_found() {
    if !are_there(&["git"]) {
        return;
    }
    let project = with(&[]);
    project.git(&["add", "-f", ".env"]);
    assert_eq!(codes(&project, &[]).1, one("III-env-tracked"));
    let project = with(&[]);
    project.git(&["rm", "-q", "--cached", "Procfile"]);
    assert_eq!(codes(&project, &[]), (1, one("I-procfile-untracked")));
    let project = with(&[("package.json", r#"{"dependencies": {"x": "1"}}"#), ("yarn.lock", "")]);
    project.git(&["rm", "-q", "--cached", "yarn.lock"]);
    assert_eq!(codes(&project, &[]), (0, one("I-lockfile-untracked")));
    let project = SOUND.iter().fold(Project::empty(), |project, (name, text)| project.file(name, text));
    assert_eq!(codes(&project, &[]), (0, one("I-no-repository")));
}

#[test]
fn what_is_allowed_is_no_finding() {
    if !are_there(&["git"]) {
        return;
    }
    for files in ALLOWED {
        assert_eq!(codes(&with(files), &[]), (0, BTreeMap::new()), "{files:?}");
    }
    let development = "web: npm run dev\ncss: yarn build --watch\napi: uvicorn a:a --reload --port $PORT\n";
    let project =
        with(&[("Procfile.dev", development), ("requirements.txt", "uvicorn==1\ngunicorn==2\ncelery==3\n")]);
    assert_eq!(codes(&project, &["-f", "Procfile.dev"]), (0, BTreeMap::new()));
}

#[test]
fn the_example_has_no_finding() {
    if !are_there(&["git"]) {
        return;
    }
    let project = Project::example("twelve-factor");
    project.track();
    let (status, document) = project.json(&["doctor", "--json"]);
    let counts = ["broken", "warnings", "silenced"].map(|name| document[name].as_i64().unwrap());
    assert_eq!((status, counts), (0, [0, 0, 1]), "{document}");
    let seen = |of: &Value| of["status"] == "ok" || of["factor"] == "VI";
    assert!(document["factors"].as_array().unwrap().iter().all(seen), "{document}");
}

#[test]
fn a_code_is_silenced_with_a_reason_and_factors_and_types_are_chosen() {
    if !are_there(&["git"]) {
        return;
    }
    let procfile = "web: gunicorn a:a -b :8000\nworker: npm start\n";
    let silence = "[doctor.silence]\nVII-port-fixed = \"nginx knows 8000\"\nVII-port-fixde = \"a typo\"\n";
    let project = with(&[("Procfile", procfile), ("ganger.toml", silence)]);
    let (status, out, err) = project.run(&["doctor", "--only", "vii,9"]);
    let expected = "\
VII  port binding         ok
     silenced: Procfile:1: `web` lets gunicorn bind port 8000, whatever PORT is [VII-port-fixed]
       reason: nginx knows 8000
IX   disposability        warning
     warning: Procfile:2: `worker` runs `npm start` [IX-script-runner]
       write the command that the script runs: SIGTERM stops at the runner or its shell
0 broken, 1 warning, 1 silenced
";
    assert_eq!((status, out.as_str()), (0, expected), "{err}");
    assert!(err.contains("`VII-port-fixde`") && err.contains("did you mean VII-port-fixed?"), "{err}");
    assert_eq!(codes(&project, &["web"]).1, one("VII-port-fixed"));

    for (words, text) in
        [(&["doctor", "wbe"][..], "did you mean web?"), (&["doctor", "--only", "XIII"], "no such factor")]
    {
        let (status, out, err) = project.run(words);
        assert_eq!((status, out.as_str()), (2, ""), "{words:?}");
        assert!(err.contains(text), "{words:?}: {err}");
    }
    project.write("ganger.toml", "[doctor]\nsilence = 1\n[doctor.quiet]\n");
    let (status, _, err) = project.run(&["doctor"]);
    assert_eq!(status, 1);
    assert!(err.contains("write [doctor.silence]"), "{err}");
}

#[test]
fn each_code_is_explained_and_broken_here() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md")).unwrap();
    let tests = [include_str!("doctor.rs"), include_str!("doctor_live.rs")].concat();
    for code in ganger::parts::doctor::code::ALL {
        assert!(page.contains(&format!("### {}\n", code.name)), "docs/doctor.md lacks {}", code.name);
        assert!(tests.contains(&format!("\"{}\"", code.name)), "no project here has the fault {}", code.name);
        assert!(code.name.starts_with(&format!("{}-", code.factor.words().0)), "{}", code.name);
    }
    let headings = page.lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!(headings, ganger::parts::doctor::code::ALL.len());
}
