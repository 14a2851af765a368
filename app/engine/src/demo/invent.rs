//! Invented people: each number makes the same person every time, and no two numbers the same document.
//!
//! Nobody is meant: the first six digits of the identity numbers (431198, 431199) and the first three of the phones (154) are
//! given to nobody. Check digits and dates are real, as every page and every rule would have them.

use domain::chrono::Days;
use domain::identity::{Address, Document, DocumentKind, Name, Phone, check_character};
use domain::person::Details;
use domain::{NaiveDate, Uuid};
use sha2::{Digest, Sha256};

const SURNAMES: [&str; 40] = [
    "李", "王", "张", "刘", "陈", "杨", "黄", "周", "唐", "蒋", "何", "胡", "邓", "罗", "彭", "谢", "吕", "欧阳", "魏", "郑", "曾",
    "肖", "雷", "郭", "熊", "盘", "赵", "冯", "沈", "奉", "柏", "莫", "义", "龙", "文", "伍", "申", "桂", "屈", "夏",
];
const MIDDLE: [&str; 24] = [
    "", "", "", "", "秀", "建", "志", "小", "春", "国", "玉", "明", "文", "海", "晓", "桂", "永", "冬", "新", "美", "友", "丽",
    "德", "雪",
];
const LAST: [&str; 36] = [
    "英", "华", "兰", "军", "梅", "平", "芳", "强", "霞", "勇", "娟", "波", "凤", "林", "云", "辉", "莲", "涛", "珍", "斌", "红",
    "松", "燕", "成", "香", "峰", "玲", "生", "萍", "刚", "琴", "文", "艳", "亮", "荣", "宁",
];
const STREETS: [&str; 8] = ["示例路", "演示街", "样例巷", "示例大道", "演示新村", "样例小区", "示例北路", "演示中路"];

/// The youngest is born on this day; nobody in the demo is turned away for age.
const YOUNGEST: NaiveDate = NaiveDate::from_ymd_opt(2002, 12, 31).expect("a day");
/// Days over which births are spread: 68 years.
const SPREAD: u64 = 25_000;
/// Coprime to the spread, so that neighbours are not born in a row.
const STRIDE: u64 = 9_973;

/// Numbers that follow from words, evenly spread (SplitMix64 over their SHA-256).
pub(super) struct Dice(u64);

impl Dice {
    /// Dice that always fall the same way for the same words.
    pub(super) fn new(words: &[&str]) -> Self {
        let digest = Sha256::digest(words.join("\0").as_bytes());
        Self(digest[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// Dice for a row.
    pub(super) fn of(what: &str, id: Uuid) -> Self {
        Self::new(&[what, &id.to_string()])
    }

    /// The next number.
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number below `sides`.
    pub(super) fn below(&mut self, sides: u64) -> u64 {
        self.roll() % sides.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

/// Person `number` of the demo, who lives in `county`.
pub(super) fn person(number: u64, county: &str) -> Details {
    let mut dice = Dice::new(&["person", &number.to_string()]);
    let name = [dice.pick(&SURNAMES), dice.pick(&MIDDLE), dice.pick(&LAST)].concat();
    let address = format!("{}{}号{}单元", dice.pick(&STREETS), 1 + dice.below(300), 1 + dice.below(6));
    let born_on = birth(number);
    Details {
        name: Name::parse(&name).expect("an invented name is a name"),
        phone: phone(number),
        document: document("431199", born_on, number % SPREAD * 37 + number / SPREAD),
        born_on,
        county: county.to_owned(),
        address: Address::parse(&address).expect("an invented address is an address"),
    }
}

/// A person with a name and day of birth of their own, reached by `phone`.
pub(super) fn named(name: &str, born_on: NaiveDate, phone: &Phone, county: &str) -> Details {
    Details {
        name: Name::parse(name).expect("an invented name is a name"),
        phone: phone.clone(),
        document: document("431198", born_on, 1),
        born_on,
        county: county.to_owned(),
        address: Address::parse("示例路12号3单元501").expect("an invented address is an address"),
    }
}

/// The phone of person `number`; no network was given these numbers.
pub(super) fn phone(number: u64) -> Phone {
    Phone::parse(&format!("154{:08}", number % 100_000_000)).expect("eleven digits that begin with 15")
}

fn birth(number: u64) -> NaiveDate {
    YOUNGEST.checked_sub_days(Days::new(number * STRIDE % SPREAD)).expect("68 years back there was a day")
}

/// A citizen identity number. Two people of the crowd with the same day of birth differ in the order, until there are 25 million.
fn document(division: &str, born_on: NaiveDate, order: u64) -> Document {
    let first_17 = format!("{division}{}{:03}", born_on.format("%Y%m%d"), order % 1000);
    let check = check_character(&first_17).expect("17 digits");
    Document::parse(DocumentKind::ResidentId, &format!("{first_17}{check}")).expect("a date and its check digit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_people_have_the_same_document_and_all_are_grown_up() {
        let mut seen = HashSet::new();
        for number in (0..60_000).chain(100_000..100_100) {
            let person = person(number, "431103");
            assert!(seen.insert(person.document.number().to_owned()), "{number}");
            assert!(person.document.born_on() == Some(person.born_on) && person.born_on <= YOUNGEST);
        }
    }

    #[test]
    fn a_number_is_always_the_same_person() {
        assert_eq!(person(7, "431103"), person(7, "431103"));
        assert_ne!(person(7, "431103").name, person(8, "431103").name);
        assert_eq!(phone(7).as_str(), "15400000007");
    }
}
