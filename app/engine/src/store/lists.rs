//! Lists for `IN (…)` in few lengths, so that each connection prepares a handful of statements and keeps them.

/// Values of one `IN (…)`. SQLite takes 32,766 parameters, PostgreSQL 65,535.
const LISTS: [usize; 5] = [1, 8, 64, 256, 1024];

/// Cuts values into lists for `IN (…)`, each filled up to one of a few lengths by repeating its last value.
pub(crate) fn lists<T: Clone>(values: &[T]) -> impl Iterator<Item = Vec<T>> {
    values.chunks(LISTS[LISTS.len() - 1]).map(|chunk| {
        let length = LISTS.into_iter().find(|length| *length >= chunk.len()).unwrap_or(chunk.len());
        let last = chunk.last().expect("chunks are not empty");
        chunk.iter().chain(std::iter::repeat_n(last, length - chunk.len())).cloned().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_all_values_in_few_lengths() {
        for count in [1, 2, 8, 9, 64, 100, 1024, 1025, 3000] {
            let values: Vec<_> = (0..count).collect();
            let lists: Vec<_> = lists(&values).collect();
            assert!(lists.iter().all(|list| LISTS.contains(&list.len())), "{count}");
            let mut found: Vec<i32> = lists.concat();
            found.dedup();
            assert_eq!(found, values);
        }
        assert_eq!(lists::<i32>(&[]).count(), 0);
    }
}
