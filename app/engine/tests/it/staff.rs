//! Members of staff: signing in, being locked out, being added.

use chrono::Duration;
use domain::access::Role;
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use domain::staff::StaffSignIn;
use engine::NewStaff;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    a_name_and_password_sign_in,
    a_wrong_password_and_an_unknown_name_sound_the_same,
    wrong_passwords_lock_out_for_a_while_and_then_for_longer,
    who_cannot_be_a_member_of_staff_is_refused,
);

const PASSWORD: &str = "correct horse";

async fn a_name_and_password_sign_in(kind: Kind) {
    let city = TestCity::new(kind).await;
    let nurse = city.staff("wang.li", Role::Nurse, "one").await;
    assert_eq!((nurse.member.role, nurse.member.site_id), (Role::Nurse, Some(city.site("one"))));
    assert_eq!(nurse.member.site_name.as_deref(), Some("测试接种点一"));
    let (member, token) =
        city.engine.staff_sign_in(&StaffSignIn::new(" Wang.Li ", PASSWORD), None).await.expect("names are written in any case");
    assert_eq!(member, nurse.member);
    city.engine.staff_sign_out(&token).await.expect("signed out");
    assert_eq!(city.engine.staff(&token).await, Err(Error::new(Reason::SignIn)));
    let office = city.staff("office", Role::Office, "one").await;
    assert_eq!(office.member.site_id, None, "the office is not of one site");
}

async fn a_wrong_password_and_an_unknown_name_sound_the_same(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    let wrong = Err(Error::new(Reason::Password));
    assert_eq!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", "wrong horse"), None).await, wrong);
    assert_eq!(city.engine.staff_sign_in(&StaffSignIn::new("nobody", "wrong horse"), None).await, wrong);
}

async fn wrong_passwords_lock_out_for_a_while_and_then_for_longer(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    city.staff("other", Role::Nurse, "one").await;
    for _ in 0..5 {
        assert_eq!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", "wrong"), None).await, Err(Error::new(Reason::Password)));
    }
    let locked = async || {
        let error = city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.expect_err("locked out");
        assert_eq!(error.code, ErrorCode::TooMany);
        i64::from(error.retry_after_s.expect("when to try again"))
    };
    let first = locked().await;
    assert!((1..=61).contains(&first), "{first}");
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("other", PASSWORD), None).await.is_ok(), "nobody else is locked out");
    city.clock.step(Duration::seconds(first));
    assert_eq!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", "wrong"), None).await, Err(Error::new(Reason::Password)));
    let second = locked().await;
    assert!(second > first, "{first}, then {second}");
    city.clock.step(Duration::seconds(second));
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.is_ok());
    assert_eq!(
        city.engine.staff_sign_in(&StaffSignIn::new("nurse", "wrong"), None).await,
        Err(Error::new(Reason::Password)),
        "a clean slate"
    );
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.is_ok());
}

async fn who_cannot_be_a_member_of_staff_is_refused(kind: Kind) {
    let city = TestCity::new(kind).await;
    let good = NewStaff {
        username: "nurse".into(),
        name: "护士".into(),
        role: Role::Nurse,
        sites: vec![city.site("one")],
        password: PASSWORD.into(),
    };
    for (new, field) in [
        (NewStaff { username: "n".into(), ..good.clone() }, "username"),
        (NewStaff { username: "a b".into(), ..good.clone() }, "username"),
        (NewStaff { password: "short".into(), ..good.clone() }, "password"),
        (NewStaff { sites: vec![], ..good.clone() }, "site_id"),
        (NewStaff { sites: vec![city.engine_id()], ..good.clone() }, "site_id"),
    ] {
        let error = city.engine.staff_add(new).await.expect_err(field);
        assert_eq!(error.field.as_deref(), Some(field));
    }
    assert_eq!(city.count("SELECT count(*) FROM staff").await, 0);
    // the same name again is the same person with a new password
    city.engine.staff_add(good.clone()).await.expect("added");
    city.engine.staff_add(NewStaff { password: "another horse".into(), ..good }).await.expect("changed");
    assert_eq!(city.count("SELECT count(*) FROM staff").await, 1);
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.is_err());
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", "another horse"), None).await.is_ok());
}
