// A dose that is left over: a citizen asks to be called where all is full, a manager calls, and each can take it back.
import type { Page } from '@playwright/test'
import { Caller, siteNamed } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { axe, sideways, smallTargets, smallText } from '../support/measure.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { MANAGER, NURSE, everything, staffSignIn } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

/** All that the site's page offers of its first vaccine is full: as the feed would say it, without booking hundreds. */
async function allFull(page: Page, siteId: string): Promise<void> {
  await page.route(`**/availability/${siteId}`, async (route) => {
    const answer = await route.fetch()
    const site = (await answer.json()) as { slots: { remaining: number; state: string }[] }
    for (const slot of site.slots) {
      slot.remaining = 0
      if (slot.state === 'open') slot.state = 'full'
    }
    await route.fulfill({ response: answer, json: site })
  })
}

test('where all is full a citizen asks to be called, sees what it means, and takes it back', async ({ page, service }) => {
  const site = await siteNamed(service.url, STAFF_SITE)
  const citizen = await new Caller(service.url).signIn(LINS_PHONE)
  await citizen.savePerson(LIN, LINS_PHONE)
  await citizen.signInto(page.context())
  await page.addInitScript(() => localStorage.setItem('yizhen.signed_in', '1'))
  await page.goto(`/sites/${site.id}`)
  await expect(page.getByRole('heading', { name: '哪一天、几点去方便？' })).toBeVisible()
  await expect(page.getByRole('link', { name: '有剩余时打电话给我' })).toHaveCount(0)

  await allFull(page, site.id)
  await page.goto(`/sites/${site.id}`)
  await page.getByRole('link', { name: '有剩余时打电话给我' }).click()
  await expect(page.getByText('不保证一定会打给您')).toBeVisible()
  await page.getByRole('radio', { name: /冷水滩区所有接种点/ }).check()
  await page.getByRole('radio', { name: /^到 .* 为止/ }).first().check()
  expect(await axe(page)).toEqual([])
  expect(await sideways(page)).toBe(0)
  expect(await smallTargets(page, 44)).toEqual([])
  await page.getByRole('button', { name: '同意，有剩余时打电话给我' }).click()
  await expect(page.getByRole('status').filter({ hasText: '已登记' })).toBeVisible()
  const mine = await citizen.call<{ asks: { site_ids: string[]; until: string }[] }>('left_over/mine')
  expect(mine.asks).toHaveLength(1)
  expect(mine.asks[0]!.site_ids).toContain(site.id)
  expect(mine.asks[0]!.site_ids.length).toBeGreaterThan(1)

  await page.getByRole('button', { name: `不用再打电话给${LIN.name}` }).click()
  await expect(page.getByRole('status').filter({ hasText: '已取消' })).toBeVisible()
  expect((await citizen.call<{ asks: unknown[] }>('left_over/mine')).asks).toEqual([])
})

test('in the largest letters nothing runs off the page', async ({ page, service }) => {
  const site = await siteNamed(service.url, STAFF_SITE)
  const citizen = await new Caller(service.url).signIn(LINS_PHONE)
  await citizen.savePerson(LIN, LINS_PHONE)
  await citizen.signInto(page.context())
  await page.addInitScript(() => {
    localStorage.setItem('yizhen.signed_in', '1')
    localStorage.setItem('yizhen.text', 'largest')
  })
  await page.goto(`/sites/${site.id}/left-over`)
  await expect(page.getByRole('button', { name: '同意，有剩余时打电话给我' })).toBeVisible()
  expect(await sideways(page)).toBe(0)
  expect(await smallText(page, 18)).toEqual([])
  expect(await smallTargets(page, 60)).toEqual([])
})

test.describe('at the site', () => {
  test.use(TABLET)

  test('a manager sees masked names, reveals one by a tap, and notes what came of the call', async ({ page, service }) => {
    const site = await siteNamed(service.url, STAFF_SITE)
    const citizen = await new Caller(service.url).signIn(LINS_PHONE)
    const person = await citizen.savePerson(LIN, LINS_PHONE)
    await citizen.call('left_over/ask', { person_id: person, site_ids: [site.id], until: TODAY })
    await staffSignIn(page, MANAGER, '/staff/today')
    await page.getByRole('link', { name: '剩余疫苗：打电话' }).click()
    await expect(page.getByRole('listitem').filter({ hasText: '第 1 剂' })).toHaveCount(1)
    expect(await everything(page)).not.toContain(LIN.name)
    expect(await everything(page)).not.toContain(LINS_PHONE)
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: '显示姓名和号码' }).click()
    await expect(page.getByRole('link', { name: LINS_PHONE })).toBeFocused()
    await expect(page.getByText(LIN.name)).toBeVisible()
    await page.getByRole('button', { name: '会来' }).click()
    await expect(page.getByText(/说会来$/)).toBeVisible()
    await expect(page.getByRole('button', { name: '今天不来' })).toHaveCount(0)
    expect(await everything(page)).not.toContain(LINS_PHONE)
  })

  test('a nurse is not offered the calls', async ({ page }) => {
    await staffSignIn(page, NURSE, '/staff/today')
    await expect(page.getByRole('table', { name: '按时段' })).toBeVisible()
    await expect(page.getByRole('link', { name: '剩余疫苗：打电话' })).toHaveCount(0)
  })
})
