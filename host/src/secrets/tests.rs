use super::*;
use std::os::unix::fs::PermissionsExt;

fn secrets() -> Secrets {
    let mut next = 0;
    Secrets::generate(|| {
        next += 1;
        next
    })
}

#[test]
fn secrets_are_for_one_user_and_never_replaced() {
    let dir = std::env::temp_dir().join(format!("sanderling-secrets-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    assert!(Secrets::read(&dir).unwrap().is_none());
    let secrets = secrets();
    secrets.write_new(&dir).unwrap();
    assert_eq!(fs::metadata(Secrets::path(&dir)).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Secrets::read(&dir).unwrap().unwrap().admin_token, secrets.admin_token);
    assert!(secrets.write_new(&dir).is_err());
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn tokens_say_whose_they_are() {
    let secrets = secrets();
    assert_eq!(secrets.workspace_id, "00000000-0000-4000-8000-000000000001");
    let payload = token::parse(&secrets.admin_token).unwrap();
    assert_eq!(payload.owner, secrets.workspace_id);
    assert_ne!(secrets.admin_token, secrets.user_token);
    let tokens = secrets.static_tokens();
    assert_eq!(tokens[0].id, payload.id);
    secrets.check_known_to(&tokens, Path::new("d")).unwrap();
    assert!(secrets.check_known_to(&tokens[1..], Path::new("d")).unwrap_err().to_string().contains("d/secrets.json"));
}
