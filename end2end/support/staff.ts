// What members of staff do at the counter, by the words that stand there.
import { type Locator, type Page, expect } from '@playwright/test'
import { PASSWORD } from './service.ts'

/** The demo's members of staff, and what others see beside what they did. */
export const NURSE = { username: 'nurse', name: '演示护士' }
export const MANAGER = { username: 'manager', name: '演示负责人' }
export const OFFICE = { username: 'office', name: '演示市办' }

/** Another site than theirs. */
export const OTHER_SITE = '冷水滩区演示接种点二'

/** Opens a staff page and signs in. */
export async function staffSignIn(page: Page, who: { username: string; name: string }, path = '/staff'): Promise<void> {
  await page.goto(path)
  await page.getByLabel('用户名').fill(who.username)
  await page.getByLabel('密码', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: '登录' }).click()
  await expect(page.getByRole('banner')).toContainText(who.name)
}

/** Types name and password, wherever that form stands. */
export async function typePassword(page: Page, username: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('用户名').fill(username)
  await page.getByLabel('密码', { exact: true }).fill(password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: '退出', exact: true }).click()
  await expect(page.getByRole('heading', { name: '工作人员登录' })).toBeVisible()
}

/** The heading of the locked screen. */
export function lockScreen(page: Page): Locator {
  return page.getByRole('heading', { name: '屏幕已锁定' })
}

/** Everything that the page holds and keeps: its text and attributes, and the browser's storage. */
export async function everything(page: Page): Promise<string> {
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.title, location.href]))
  const typed = await page.evaluate(() => [...document.querySelectorAll('input, textarea')].map((field) => (field as HTMLInputElement).value).join(' '))
  return `${await page.content()} ${kept} ${typed}`
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
