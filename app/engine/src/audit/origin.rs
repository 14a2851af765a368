//! From where a call comes, for the rows that are written on its way: kept with the task that answers it, as a span of the log is, so that it
//! need not be handed through every function that may write one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Actor;

tokio::task_local! {
    static ORIGIN: Origin;
}

/// From where a call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin(pub IpAddr);

impl Origin {
    /// Answers a call that comes from here.
    pub async fn of<T>(self, call: impl Future<Output = T>) -> T {
        ORIGIN.scope(self, call).await
    }
}

/// What a row says of it: for staff the whole address, for everybody else the network, which tells a city from a country and no household
/// from its neighbours. Nothing where there is no call, as on the command line.
pub(super) fn of(actor: Actor) -> Option<String> {
    let Origin(address) = ORIGIN.try_with(|origin| *origin).ok()?;
    let address = address.to_canonical();
    Some(match actor {
        Actor::Staff(_) => address.to_string(),
        Actor::Citizen(_) | Actor::House | Actor::Nobody => network(address),
    })
}

fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Uuid;

    #[tokio::test]
    async fn of_staff_the_address_is_kept_and_of_citizens_the_network() {
        let (staff, citizen) = (Actor::Staff(Uuid::nil()), Actor::Citizen(Uuid::nil()));
        for (address, whole, network) in [
            ("203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
            ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ] {
            let told = Origin(address.parse().expect("an address")).of(async { [staff, citizen, Actor::Nobody].map(of) }).await;
            assert_eq!(told.map(Option::unwrap), [whole, network, network], "{address}");
        }
        assert_eq!(of(staff), None, "no call, no address");
    }
}
