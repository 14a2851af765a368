// The page of today's numbers: its table, and what its bars are drawn from.
import type { Page } from '@playwright/test'

/** The parts of a bar, from its foot up. */
export const PARTS = ['plot-done', 'plot-waiting', 'plot-to-come', 'plot-not-come', 'plot-free']

/** The cells of the table, without its head. */
export async function tableOfToday(page: Page): Promise<string[][]> {
  const rows = await page.getByRole('table', { name: '按时段' }).getByRole('row').allInnerTexts()
  return rows.slice(1).map((row) => row.split(/\s+/))
}

/** What the bars are drawn from, and how tall they are. */
export function bars(page: Page) {
  return page.locator('.plot-bar').evaluateAll((bars) =>
    bars.map((bar) => ({
      window: bar.getAttribute('data-window'),
      parts: [...bar.querySelectorAll('rect')].map((part) => ({
        kind: part.getAttribute('class'),
        count: Number(part.getAttribute('data-count')),
        tall: part.getBoundingClientRect().height,
      })),
    })),
  )
}
