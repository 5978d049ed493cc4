use super::*;

#[test]
fn only_names_of_this_machine_count() {
    for host in ["localhost", "localhost:7181", "127.0.0.1:7181", "[::1]:7181", "LOCALHOST"] {
        assert!(names_this_machine(host), "{host}");
    }
    for host in ["evil.example:7181", "localhost.evil.example", "192.168.1.2", "", "[2001:db8::1]:80"] {
        assert!(!names_this_machine(host), "{host}");
    }
}
