// What members of staff do at the counter, by the words that stand there.
import { type Locator, type Page, expect } from '@playwright/test'
import { PASSWORD } from './service.ts'

/** The demo's members of staff, and what others see beside what they did. */
export const NURSE = { username: 'nurse', name: '演示护士' }
export const MANAGER = { username: 'manager', name: '演示负责人' }
export const OFFICE = { username: 'office', name: '演示市办' }

/** Opens a staff page and signs in. */
export async function staffSignIn(page: Page, who: { username: string; name: string }, path = '/staff'): Promise<void> {
  await page.goto(path)
  await page.getByLabel('用户名').fill(who.username)
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: '登录' }).click()
  await expect(page.getByRole('banner')).toContainText(who.name)
}

export function scanField(page: Page): Locator {
  return page.getByLabel('扫码枪，或输入预约码')
}

/** A scanner that behaves as a keyboard: it types at once, into whatever has the focus, and ends with Enter. */
export async function wedge(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

/** The answer that fills the screen. */
export function answer(page: Page): Locator {
  return page.getByRole('region', { name: '核验结果' })
}

/** Waits for the answer's first words. */
export async function says(page: Page, words: string | RegExp): Promise<void> {
  await expect(answer(page).getByRole('heading', { name: words })).toBeVisible()
}

export function redeemButton(page: Page): Locator {
  return page.getByRole('button', { name: '接种完成（核销）' })
}
