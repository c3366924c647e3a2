//! Settings of `ganger export`: flags, and keys of `[export]` and `[export.FORMAT]`.

use super::base::{EXPORT, PLACES, SETTING, of_stack};
use crate::config::setting::{Flag, Parse, Parsed, Setting, Takes, path};
use crate::config::settings::Settings;
use crate::config::value;

/// What its entries have in common.
const OF_EXPORT: Setting = Setting { is_for_export: true, flags: &[EXPORT], ..SETTING };

pub(super) static SETTINGS: [Setting; 12] = [
    Setting {
        name: "output",
        flags: &[Flag { short: Some('o'), ..EXPORT }],
        takes: Takes::Value("DIR"),
        help: "Write files into this folder, not to standard output\n\n\
               All of them or none. Files that an earlier export wrote there and that are stale are removed; files that it \
               did not write, or that were changed since, are never touched. `-` is standard output, where --secrets only \
               goes whatever ganger.toml says.",
        example: "k8s",
        stack: Some(&Parsed { at: |s: &mut Settings| &mut s.export.output, parse: Parse::Path(path) }),
        ..OF_EXPORT
    },
    Setting {
        name: "diff",
        flag_only: Some("a file would turn every export into a comparison"),
        help: "Show what would change in DIR, and change nothing\n\n\
               The status is 1 if anything would change. Values are not shown.",
        stack: Some(&of_stack(|s| &mut s.export.diff, value::boolean)),
        ..OF_EXPORT
    },
    Setting {
        name: "check",
        takes: Takes::Optional("WHEN", "if-there"),
        choices: &["if-there", "require"],
        help: "Ask the validator first, write nothing it refuses\n\n\
               The status is 1 then, and 3 if there is no validator here; with `require` it is 1 then too, and nothing is \
               written.",
        example: "require",
        stack: Some(&of_stack(|s| &mut s.export.check, value::check)),
        ..OF_EXPORT
    },
    Setting {
        name: "app",
        takes: Takes::Value("NAME"),
        help: "What the stack is called there; else as its folder",
        example: "shop",
        stack: Some(&of_stack(|s| &mut s.export.app, value::text)),
        ..OF_EXPORT
    },
    Setting {
        name: "namespace",
        takes: Takes::Value("NAME"),
        help: "The namespace of all objects (kubernetes, nomad)",
        example: "prod",
        stack: Some(&of_stack(|s| &mut s.export.namespace, value::text)),
        ..OF_EXPORT
    },
    Setting {
        name: "working-directory",
        takes: Takes::Value("DIR"),
        help: "Where the project lies on the machine it runs on\n\n\
               Else as here. An absolute path, which need not be there yet. Containers have the working folder of their \
               image.",
        example: "/srv/shop",
        stack: Some(&of_stack(|s| &mut s.export.working_directory, value::absolute)),
        ..OF_EXPORT
    },
    Setting {
        name: "image",
        takes: Takes::Value("IMAGE"),
        help: "The image, for formats that run containers",
        example: "shop:1.4.2",
        stack: Some(&of_stack(|s| &mut s.export.image, value::text)),
        ..OF_EXPORT
    },
    Setting {
        name: "user",
        takes: Takes::Value("USER"),
        help: "The user that programs run as\n\n\
               A number in kubernetes, where the pod then has what a `restricted` namespace asks for.",
        example: "shop",
        stack: Some(&of_stack(|s| &mut s.export.user, value::text)),
        ..OF_EXPORT
    },
    Setting {
        name: "expose",
        takes: Takes::Value("TYPE"),
        help: "The types that listen on their PORT\n\n\
               They get a Service, a published port and a probe. Without it: `web`, and types whose command names PORT. With \
               `web=HOST`, kubernetes has an Ingress of that host.",
        example: "web",
        stack: Some(&of_stack(|s| &mut s.export.expose, value::text)),
        ..OF_EXPORT
    },
    Setting {
        name: "kustomize",
        help: "Make the files a base of kustomize (kubernetes)\n\n\
               Beside them is then a file `Kustomization`, for overlays and `kubectl apply -k`; `kubectl apply -f` passes it \
               over. One stack a folder can have it.",
        stack: Some(&of_stack(|s| &mut s.export.kustomize, value::boolean)),
        ..OF_EXPORT
    },
    Setting {
        name: "secrets",
        takes: Takes::Value("WHERE"),
        choices: &PLACES,
        help: "Where values of .env go: reference, inline, only\n\n\
               `reference`, the default: the files refer to a place, and the command that fills it is printed. `inline`: \
               into the files, for their owner only. `only`: what that command reads, and nothing else.",
        example: "inline",
        stack: Some(&of_stack(|s| &mut s.export.secrets, value::secrets)),
        ..OF_EXPORT
    },
    Setting {
        name: "set",
        takes: Takes::Value("PATH=VALUE"),
        help: "Change one value: `[TYPE:]KEY.KEY=VALUE`\n\n\
               VALUE is JSON, or text if it is none; `null` takes the key away. docs/export.md has the shape that the keys \
               lead into. The flag replaces all that ganger.toml sets so.",
        example: "web:spec.replicas=null",
        stack: Some(&Parsed { at: |s: &mut Settings| &mut s.export.set, parse: Parse::Whole(value::text) }),
        ..OF_EXPORT
    },
];
