//! Promised: whatever app.json a project has for its deployment, a local start goes on without a word, and takes none of its
//! variables. The files have the shapes of real ones (Heroku, Dokku, Scalingo, review apps, Expo, React Native, mini programs);
//! names and values are made up.

#![cfg(test)]

use crate::folder::Folder;

#[rustfmt::skip]
const FILES: [&str; 30] = [
    "{}",
    r#"{"name": "shop"}"#,
    r#"{"name": "shop", "description": "A shop", "repository": "https://example.org/shop", "logo": "https://example.org/l.png", "keywords": ["ruby"]}"#,
    r#"{"env": {"STAGE": "production"}}"#,
    r#"{"env": {"STAGE": {"value": "production"}}}"#,
    r#"{"env": {"STAGE": {"description": "which one", "value": "production"}}}"#,
    r#"{"env": {"KEY": {"generator": "secret"}}}"#,
    r#"{"env": {"KEY": {"description": "ask the team", "required": true}}}"#,
    r#"{"env": {"KEY": {"description": "not needed", "required": false}}}"#,
    r#"{"env": {"KEY": {"required": "true"}}}"#,
    r#"{"env": {"WORKERS": {"value": 2}, "DEBUG": {"value": false}}}"#,
    r#"{"env": {"WORKERS": 2, "DEBUG": true}}"#,
    r#"{"env": {"EMPTY": "", "NOTHING": null}}"#,
    r#"{"env": []}"#,
    r#"{"env": {"STAGE": "staging"}, "environments": {"test": {"env": {"STAGE": "test"}, "scripts": {"test": "make"}}}}"#,
    r#"{"environments": {"review": {"addons": ["heroku-postgresql:mini"], "formation": {"web": {"quantity": 1}}}}}"#,
    r#"{"formation": {"web": {"quantity": 1, "size": "basic"}}}"#,
    r#"{"formation": {"web": {"quantity": 1}, "worker": {"quantity": 0}}}"#,
    r#"{"formation": {"web": {"quantity": 1}, "unknown": {"quantity": 1}}}"#,
    r#"{"formation": {"web": {"quantity": 1, "size": "standard-1x"}, "release": {"quantity": 0}}, "domains": ["example.org"]}"#,
    r#"{"addons": ["heroku-postgresql", {"plan": "heroku-redis:mini", "as": "CACHE"}], "buildpacks": [{"url": "heroku/python"}]}"#,
    r#"{"stack": "heroku-24", "image": "heroku/ruby", "success_url": "/welcome", "website": "https://example.org"}"#,
    r#"{"scripts": {"postdeploy": "bin/setup", "pr-predestroy": "bin/drop"}}"#,
    r#"{"scripts": {"dokku": {"predeploy": "bin/assets", "postdeploy": "bin/migrate"}}}"#,
    r#"{"cron": [{"command": "bin/daily", "schedule": "0 3 * * *"}]}"#,
    r#"{"healthchecks": {"worker": [{"type": "startup", "name": "up", "uptime": 1}]}}"#,
    "{\n  // Expo\n  \"expo\": {\"name\": \"shop\", \"version\": \"1.0.0\",},\n}\n",
    r#"{"name": "Shop", "displayName": "Shop"}"#,
    r#"{"pages": ["pages/index/index"], "window": {"navigationBarTitleText": "Shop"}}"#,
    "\u{feff}{\"name\": \"shop\", \"env\": {\"STAGE\": {\"value\": \"production\", \"required\": true}}}",
];

#[test]
fn no_app_json_stops_or_configures_a_local_start() {
    for text in FILES {
        let lines = "web: echo web-$STAGE-$KEY-$WORKERS-\nworker: echo worker-$STAGE-$KEY-$WORKERS-\n";
        let folder = Folder::with(&[("Procfile", lines), ("app.json", text)]);
        let ran = folder.run(&["start", "--exit-on", "never"]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{text}");
        for line in ["| web----\n", "| worker----\n"] {
            assert!(ran.out.contains(line), "{text}: {}", ran.out);
        }
        assert_eq!(folder.run(&["check"]).status, 0, "{text}");
    }
}
