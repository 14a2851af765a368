//! Where members of staff work, and what the house does with them: from the command line, also while they are at work.

use domain::access::Role;
use domain::error::{Error, ErrorCode};
use domain::reason::Reason;
use domain::staff::StaffSignIn;
use engine::NewStaff;

use crate::harness::{Kind, TestCity, on_both_engines};

on_both_engines!(
    with_several_sites_nothing_is_allowed_until_one_is_chosen_and_then_only_there,
    a_site_can_be_named_when_signing_in,
    a_new_password_ends_every_session,
    one_changes_ones_own_password_with_the_one_that_was_and_the_other_devices_are_out,
    a_disabled_member_is_out_at_once_and_comes_back_when_enabled,
    a_lost_tablet_is_signed_out_by_member_or_by_site,
    the_list_tells_who_there_is,
    a_site_is_found_by_id_key_or_name,
);

const PASSWORD: &str = "correct horse";

fn at(city: &TestCity, username: &str, role: Role, sites: &[&str]) -> NewStaff {
    let sites = sites.iter().map(|site| city.site(site)).collect();
    NewStaff { username: username.into(), name: username.into(), role, sites, password: PASSWORD.into() }
}

fn signed_out<T>() -> Result<T, Error> {
    Err(Error::new(Reason::SignIn))
}

async fn with_several_sites_nothing_is_allowed_until_one_is_chosen_and_then_only_there(kind: Kind) {
    let city = TestCity::new(kind).await;
    let guest = city.guest().await;
    let booking = city.book(&guest, city.slot("two", "vero", 0, "08:30"), 1).await.expect("booked");
    let code = booking.code.to_string();
    city.engine.staff_add(at(&city, "roving", Role::Manager, &["one", "two"])).await.expect("added");
    let token = city.staff_token("roving").await;
    let staff = city.engine.staff(&token).await.expect("signed in");
    assert_eq!((staff.member.site_id, staff.member.sites.len()), (None, 2));
    let (one, two) = (city.site("one"), city.site("two"));
    let unchosen = Some(Reason::SiteNotChosen);
    assert_eq!(city.engine.roster(&staff, one, city.today()).await.expect_err("refused").reason, unchosen);
    assert_eq!(city.engine.look_up(&staff, None, Some(&code)).await.expect_err("refused").reason, unchosen);

    let elsewhere = city.engine_id();
    let refused = Err(Error::field("site_id", Reason::NotAllowed));
    assert_eq!(city.engine.staff_choose_site(&staff, elsewhere).await, refused, "not theirs");
    city.engine.staff_choose_site(&staff, one).await.expect("chosen");
    let staff = city.engine.staff(&token).await.expect("signed in");
    assert_eq!(staff.member.site_id, Some(one));
    assert!(city.engine.roster(&staff, one, city.today()).await.is_ok());
    assert_eq!(city.engine.roster(&staff, two, city.today()).await.expect_err("refused").code, ErrorCode::Forbidden);
    let seen = city.engine.look_up(&staff, None, Some(&code)).await.expect("they are told where to send the person");
    assert_eq!((seen.reason, seen.may_redeem, seen.site_id), (Some(Reason::OtherSite), false, two));
    assert_ne!(seen.name, guest.person.name, "masked");

    city.engine.staff_choose_site(&staff, one).await.expect("the same again is no change");
    assert_eq!(city.engine.staff_choose_site(&staff, two).await, Err(Error::new(Reason::NotAllowed)), "once a session");
    assert_eq!(city.engine.staff(&token).await.expect("signed in").member.site_id, Some(one));
    // two requests at once cannot choose two
    let token = city.staff_token("roving").await;
    let staff = city.engine.staff(&token).await.expect("signed in");
    let (first, second) = tokio::join!(city.engine.staff_choose_site(&staff, one), city.engine.staff_choose_site(&staff, two));
    assert!(first.is_ok() != second.is_ok());
}

async fn a_site_can_be_named_when_signing_in(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.engine.staff_add(at(&city, "roving", Role::Nurse, &["one", "two"])).await.expect("added");
    city.staff("settled", Role::Nurse, "one").await;
    let sign_in =
        |username: &str, site: &str| StaffSignIn { site_id: Some(city.site(site)), ..StaffSignIn::new(username, PASSWORD) };
    let (member, _) = city.engine.staff_sign_in(&sign_in("roving", "two"), None).await.expect("signs in");
    assert_eq!((member.site_id, member.site_name.as_deref()), (Some(city.site("two")), Some("测试接种点二")));
    let refused = city.engine.staff_sign_in(&sign_in("settled", "two"), None).await;
    assert_eq!(refused, Err(Error::field("site_id", Reason::NotAllowed)));
    city.engine.staff_add(at(&city, "office", Role::Office, &[])).await.expect("added");
    let (office, _) = city.engine.staff_sign_in(&sign_in("office", "two"), None).await.expect("signs in");
    assert_eq!(office.site_id, None, "the office is bound to none");
}

async fn a_new_password_ends_every_session(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    city.staff("other", Role::Nurse, "one").await;
    let other = city.staff_token("other").await;
    let token = city.staff_token("nurse").await;
    city.engine.staff_add(at(&city, "nurse", Role::Nurse, &["one"])).await.expect("the same name again");
    assert_eq!(city.engine.staff(&token).await, signed_out());
    let token = city.staff_token("nurse").await;
    city.engine.staff_reset(" Nurse ", "another horse".into()).await.expect("reset");
    assert_eq!(city.engine.staff(&token).await, signed_out());
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.is_err());
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", "another horse"), None).await.is_ok());
    assert!(city.engine.staff(&other).await.is_ok(), "nobody else's");
    let short = city.engine.staff_reset("nurse", "short".into()).await;
    assert_eq!(short, Err(Error::field("password", Reason::PasswordLength)));
    let easy = city.engine.staff_reset("nurse", "password1".into()).await;
    assert_eq!(easy, Err(Error::field("password", Reason::PasswordEasy)));
    assert_eq!(city.engine.staff_reset("nobody", PASSWORD.into()).await, Err(Error::field("username", Reason::NotFound)));
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE actor = 'house' AND action = 'staff_reset'").await, 1);
}

async fn one_changes_ones_own_password_with_the_one_that_was_and_the_other_devices_are_out(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    let [here, there] = [city.staff_token("nurse").await, city.staff_token("nurse").await];
    let nurse = city.engine.staff(&here).await.expect("signed in");
    for (known, new, refused) in [
        ("wrong horse", "another horse", Error::field("password", Reason::Password)),
        (PASSWORD, "short", Error::field("new_password", Reason::PasswordLength)),
        (PASSWORD, "nurse2026", Error::field("new_password", Reason::PasswordEasy)),
    ] {
        assert_eq!(city.engine.staff_set_password(&nurse, known, new.into()).await, Err(refused));
    }
    assert!(city.engine.staff(&there).await.is_ok(), "nothing has changed yet");
    city.engine.staff_set_password(&nurse, PASSWORD, "another horse".into()).await.expect("changed");
    assert!(city.engine.staff(&here).await.is_ok());
    assert_eq!(city.engine.staff(&there).await, signed_out());
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.is_err());
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", "another horse"), None).await.is_ok());
    assert_eq!(city.count("SELECT count(*) FROM audit WHERE action = 'staff_set_password'").await, 1);
}

async fn a_disabled_member_is_out_at_once_and_comes_back_when_enabled(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("nurse", Role::Nurse, "one").await;
    let token = city.staff_token("nurse").await;
    city.engine.staff_disable("nurse").await.expect("disabled");
    assert_eq!(city.engine.staff(&token).await, signed_out());
    let refused = city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await;
    assert_eq!(refused, Err(Error::new(Reason::Password)), "as a name that there is not");
    city.engine.staff_enable("nurse").await.expect("enabled");
    assert_eq!(city.engine.staff(&token).await, signed_out(), "the old session is gone");
    assert!(city.engine.staff_sign_in(&StaffSignIn::new("nurse", PASSWORD), None).await.is_ok());
    let audited =
        "SELECT count(*) FROM audit WHERE actor = 'house' AND actor_id IS NULL AND action IN ('staff_disable', 'staff_enable')";
    assert_eq!(city.count(audited).await, 2);
}

async fn a_lost_tablet_is_signed_out_by_member_or_by_site(kind: Kind) {
    let city = TestCity::new(kind).await;
    city.staff("one", Role::Nurse, "one").await;
    city.staff("two", Role::Nurse, "two").await;
    city.engine.staff_add(at(&city, "roving", Role::Nurse, &["one", "two"])).await.expect("added");
    let (one, two, roving) = (city.staff_token("one").await, city.staff_token("two").await, city.staff_token("roving").await);
    let also = city.staff_token("one").await;
    let at_two = StaffSignIn { site_id: Some(city.site("two")), ..StaffSignIn::new("roving", PASSWORD) };
    let (_, bound) = city.engine.staff_sign_in(&at_two, None).await.expect("signs in");
    // those of the harness count as well: one each
    assert_eq!(city.engine.staff_sign_out_of_all("one").await, Ok(3));
    assert_eq!((city.engine.staff(&one).await, city.engine.staff(&also).await), (signed_out(), signed_out()));
    assert!(city.engine.staff(&two).await.is_ok());
    assert_eq!(city.engine.staff_sign_out_site(city.site("one")).await, Ok(1), "roving has not chosen yet");
    assert_eq!(city.engine.staff(&roving).await, signed_out());
    assert!(city.engine.staff(&bound).await.is_ok(), "at the other site");
    assert_eq!(city.engine.staff_sign_out_site(city.site("two")).await, Ok(3));
    assert_eq!(city.engine.staff(&two).await, signed_out());
    let nowhere = city.engine.staff_sign_out_site(city.engine_id()).await;
    assert_eq!(nowhere, Err(Error::field("site_id", Reason::NotFound)));
    // by the member themselves
    let (here, there) = (city.staff_token("one").await, city.staff_token("one").await);
    let staff = city.engine.staff(&here).await.expect("signed in");
    city.engine.staff_sign_out_everywhere(&staff).await.expect("signed out");
    assert_eq!((city.engine.staff(&here).await, city.engine.staff(&there).await), (signed_out(), signed_out()));
}

async fn the_list_tells_who_there_is(kind: Kind) {
    let city = TestCity::new(kind).await;
    assert_eq!(city.engine.staff_list().await, Ok(vec![]));
    city.engine.staff_add(at(&city, "roving", Role::Nurse, &["two", "one", "one"])).await.expect("added");
    city.staff("office", Role::Office, "one").await;
    city.engine.staff_disable("office").await.expect("disabled");
    let list = city.engine.staff_list().await.expect("listed");
    let told: Vec<_> =
        list.iter().map(|one| (one.username.as_str(), one.sites.len(), one.disabled, one.signed_in_at.is_some())).collect();
    assert_eq!(told, [("office", 0, true, true), ("roving", 2, false, false)]);
}

async fn a_site_is_found_by_id_key_or_name(kind: Kind) {
    let city = TestCity::new(kind).await;
    let one = city.site("one");
    for text in [&one.to_string(), "one", "测试接种点一"] {
        assert_eq!(city.engine.find_site(text), Ok(one), "{text}");
    }
    for text in ["three", "", &city.engine_id().to_string()] {
        assert_eq!(city.engine.find_site(text), Err(Error::field("site_id", Reason::NotFound)), "{text}");
    }
}
