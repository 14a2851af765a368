//! Many accounts that book, move, cancel and redeem at once, and what they check together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::Uuid;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::books::{Books, Row};
use crate::chance::Chance;
use crate::city::{HALL, TODAY, VILLAGE};
use crate::client::{Answer, Visitor, open_windows};
use crate::memory::{Account, Tally, Town};
use crate::service::HANGS;

/// Accounts, each with a connection of its own.
const ACCOUNTS: u32 = 24;
/// People of each.
const PEOPLE: u32 = 6;
/// Of these, how many the neighbour has in their list, too.
const SHARED: u32 = 2;
/// Accounts that are opened at the same time: each person is a commit of its own, and the machine may be slow.
const AT_ONCE: usize = 4;

/// What everybody hears, counted, for whoever waits for so and so much of it.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Seen>);

struct Seen {
    acknowledged: Semaphore,
    busy: Semaphore,
    enough: AtomicBool,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Seen { acknowledged: Semaphore::new(0), busy: Semaphore::new(0), enough: AtomicBool::new(false) }))
    }

    /// An acknowledgement of what was asked again may be of something that was done before "not now" was said: it tells of no write.
    fn saw(&self, answer: &Answer, again: bool) {
        if answer.is_ok() {
            self.0.acknowledged.add_permits(usize::from(!again));
        } else if answer.is_busy() {
            self.0.busy.add_permits(1);
        }
    }

    /// Waits for so many acknowledgements more.
    pub(crate) async fn acknowledged(&self, count: u64) {
        Self::wait(&self.0.acknowledged, count).await;
    }

    /// Waits until so many more were told to come back later.
    pub(crate) async fn busy(&self, count: u64) {
        Self::wait(&self.0.busy, count).await;
    }

    async fn wait(seen: &Semaphore, count: u64) {
        let count = u32::try_from(count).expect("few");
        tokio::time::timeout(HANGS, seen.acquire_many(count)).await.expect("it happens within a minute").expect("open").forget();
    }

    /// How many acknowledgements nobody has waited for.
    pub(crate) fn acknowledgements(&self) -> usize {
        self.0.acknowledged.available_permits()
    }

    /// From now on, counts from nothing.
    pub(crate) fn anew(&self) {
        self.0.acknowledged.forget_permits(usize::MAX);
        self.0.busy.forget_permits(usize::MAX);
    }

    /// Tells everybody to stop asking.
    pub(crate) fn enough(&self) {
        self.0.enough.store(true, Ordering::Relaxed);
    }
}

/// All of them.
pub(crate) struct Crowd {
    pub(crate) accounts: Vec<Account>,
    pub(crate) town: Town,
}

impl Crowd {
    /// Signs everybody in, and saves their people.
    pub(crate) async fn gather(base: &str, chance: &mut Chance) -> Self {
        let hall = open_windows(base, crate::city::id(HALL)).await;
        let village = open_windows(base, crate::city::id(VILLAGE)).await;
        let ids = |windows: &[(String, String)]| windows.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        let hall_today = hall.iter().filter(|(_, date)| date == TODAY).cloned().collect::<Vec<_>>();
        let notice = Visitor::nobody().must(base, "notices/current", &json!({})).await;
        let town = Town {
            hall: ids(&hall),
            hall_today: ids(&hall_today),
            village: ids(&village),
            notice: notice["version"].as_str().expect("a version").to_owned(),
            nurse: Visitor::staff(base, "nurse").await,
            manager: Visitor::staff(base, "manager").await,
        };
        let (mut opening, doors) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
        for n in 0..ACCOUNTS {
            let (base, chance, doors) = (base.to_owned(), chance.fork(), doors.clone());
            // neighbours, 2 and 3, 4 and 5, have the same first people
            let number = |at: u32| if at < SHARED { (n / 2 * PEOPLE + at, true) } else { ((n + ACCOUNTS) * PEOPLE + at, false) };
            let people: Vec<_> = (0..PEOPLE).map(number).collect();
            opening.spawn(async move {
                let _open = doors.acquire().await.expect("open");
                Account::open(&base, &format!("1380000{n:04}"), &people, chance).await
            });
        }
        Self { accounts: opening.join_all().await, town }
    }

    /// Everybody asks for one thing after the other, until the service is gone or `watch` has seen enough.
    pub(crate) async fn live(&mut self, base: &str, watch: &Watch) {
        self.each(base, |mut account, base, town| {
            let watch = watch.clone();
            async move {
                account.live(&base, &town, &watch.0.enough, |answer, again| watch.saw(answer, again)).await;
                account
            }
        })
        .await;
    }

    /// Everybody asks again what was not answered, and then once more.
    pub(crate) async fn ask_again(&mut self, base: &str, books: &Books) {
        let requests: Vec<Uuid> = self.accounts.iter().filter_map(Account::doubt).collect();
        if !requests.is_empty() {
            let done = books.requests().await;
            let unheard = requests.iter().filter(|request| done.contains(&request.to_string())).count();
            self.accounts[0].tally.done_unheard += unheard as u64;
        }
        self.each(base, |mut account, base, town| async move {
            account.ask_again(&base, &town).await;
            account
        })
        .await;
        self.each(base, |mut account, base, town| async move {
            account.ask_once_more(&base, &town).await;
            account
        })
        .await;
    }

    /// What the service promised is what is there: not a booking less, and not one more.
    pub(crate) async fn check(&self, books: &Books) {
        let mut promised: BTreeMap<&String, &Row> = BTreeMap::new();
        for account in &self.accounts {
            promised.extend(&account.promised);
        }
        let ours: std::collections::HashSet<&str> = self.accounts.iter().flat_map(Account::people).collect();
        let there = books.bookings().await;
        let there: BTreeMap<&String, &Row> = there.iter().filter(|(_, row)| ours.contains(row.person.as_str())).collect();
        for (code, row) in &promised {
            assert_eq!(there.get(code), Some(row), "lost or changed: {code}");
        }
        for (code, row) in &there {
            assert!(promised.contains_key(code), "nobody was promised {code}: {row:?}");
        }
        books.balance().await;
    }

    /// The same, as everybody sees their own bookings.
    pub(crate) async fn check_over_http(&mut self, base: &str) {
        self.each(base, |account, base, _| async move {
            account.check_over_http(&base).await;
            account
        })
        .await;
    }

    /// What all heard.
    pub(crate) fn tally(&self) -> Tally {
        let mut all = Tally::default();
        self.accounts.iter().for_each(|account| all.add(account.tally));
        all
    }

    /// Does something with every account at the same time.
    async fn each<F, D>(&mut self, base: &str, deed: F)
    where
        F: Fn(Account, String, Town) -> D,
        D: Future<Output = Account> + Send + 'static,
    {
        let mut doing = JoinSet::new();
        for account in self.accounts.drain(..) {
            doing.spawn(deed(account, base.to_owned(), self.town.clone()));
        }
        self.accounts = doing.join_all().await;
    }
}
