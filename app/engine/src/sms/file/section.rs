//! A table of a settings file that knows where it stands, and which of its keys were looked at.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use toml::{Table, Value};

/// A key whose value cannot be right, and what to do. It repeats no value.
#[derive(Debug)]
pub(super) struct Wrong {
    pub key: String,
    pub what: String,
}

/// A table of a settings file.
pub(super) struct Section<'a> {
    table: &'a Table,
    path: String,
    known: RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    pub fn top(table: &'a Table) -> Self {
        Self::at(table, String::new())
    }

    fn at(table: &'a Table, path: String) -> Self {
        Self { table, path, known: RefCell::default() }
    }

    /// What is wrong with a key of this table.
    pub fn wrong(&self, key: &str, what: &str) -> Wrong {
        Wrong { key: self.path_of(key), what: what.to_owned() }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.known.borrow_mut().push(key.to_owned());
        self.table.get(key)
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn text(&self, key: &str) -> Result<Option<&'a str>, Wrong> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| self.wrong(key, "must be a text in quotation marks"));
        self.get(key).map(text).transpose()
    }

    pub fn needed(&self, key: &str) -> Result<&'a str, Wrong> {
        self.text(key)?.ok_or_else(|| self.wrong(key, "is missing"))
    }

    pub fn number(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Wrong> {
        let (least, most) = (*range.start(), *range.end());
        let number = |value: &Value| {
            let number = value.as_integer().and_then(|number| u64::try_from(number).ok()).filter(|number| range.contains(number));
            number.ok_or_else(|| self.wrong(key, &format!("must be a number from {least} to {most}")))
        };
        self.get(key).map(number).transpose()
    }

    pub fn list(&self, key: &str) -> Result<Option<&'a Vec<Value>>, Wrong> {
        let list = |value: &'a Value| value.as_array().ok_or_else(|| self.wrong(key, "must be a list in brackets"));
        self.get(key).map(list).transpose()
    }

    /// The table under a key, where it is one.
    pub fn table(&self, key: &str) -> Option<&'a Table> {
        self.get(key).and_then(Value::as_table)
    }

    pub fn section(&self, key: &str) -> Result<Option<Self>, Wrong> {
        let section = |value: &'a Value| {
            let table = value.as_table().ok_or_else(|| self.wrong(key, "must be a table"))?;
            Ok(Self::at(table, self.path_of(key)))
        };
        self.get(key).map(section).transpose()
    }

    /// The tables under a key that stands there any number of times: `[[key]]`.
    pub fn sections(&self, key: &str) -> Result<Vec<Self>, Wrong> {
        let Some(value) = self.get(key) else { return Ok(vec![]) };
        let section = |(at, value): (usize, &'a Value)| {
            let table = value.as_table().ok_or_else(|| self.wrong(key, "must begin with [[gateway]]"))?;
            Ok(Self::at(table, format!("{}[{at}]", self.path_of(key))))
        };
        let list = value.as_array().ok_or_else(|| self.wrong(key, "must begin with [[gateway]], in two brackets"))?;
        list.iter().enumerate().map(section).collect()
    }

    /// Refuses keys that nobody looked at: a slip of the pen is no default.
    pub fn nothing_else(&self) -> Result<(), Wrong> {
        let known = self.known.borrow();
        match self.table.keys().find(|key| !known.contains(key)) {
            // a key may be a secret, too
            Some(key) => {
                Err(self.wrong(&key.chars().take(40).collect::<String>(), "is no key of this file; look how it is written"))
            }
            None => Ok(()),
        }
    }
}
