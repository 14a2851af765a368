// The flow at a site that works with all steps: received, jab from an open lot, half an hour under observation, gone; and those who go home without it.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Caller, openSlots } from '../support/api.ts'
import { TABLET } from '../support/browser.ts'
import { STAFF_SITE } from '../support/citizen.ts'
import { axe } from '../support/measure.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { TODAY } from '../support/service.ts'
import { MANAGER, NURSE, OTHER_SITE, answer, scanField, staffSignIn, wedge } from '../support/staff.ts'
import { expect, test } from '../support/test.ts'

const YONGZHOU = new URL('../../app/engine/cities/yongzhou.toml', import.meta.url)
const OBSERVING = join(mkdtempSync(join(tmpdir(), 'yizhen-city-')), 'city.toml')
writeFileSync(OBSERVING, `${readFileSync(YONGZHOU, 'utf8')}\n[on_site]\nsteps = "observe"\n`)

// half an hour passes in which nobody touches the tablet
test.use({ ...TABLET, settings: { CITY_FILE: OBSERVING, STAFF_LOCK_MINUTES: '0', STAFF_SESSION_IDLE_MINUTES: '240' } })

async function booked(url: string, site = STAFF_SITE): Promise<{ code: string; citizen: Caller }> {
  const slot = (await openSlots(url, site)).find((slot) => slot.date === TODAY)!
  const citizen = await new Caller(url).signIn(LINS_PHONE)
  const { code } = await citizen.reserve(await citizen.savePerson(LIN, LINS_PHONE), slot.id)
  return { code, citizen }
}

test('received, jab from the open lot, under observation, let go', async ({ page, service }) => {
  const { code } = await booked(service.url)
  await staffSignIn(page, MANAGER, '/staff/lots')
  const form = page.locator('form').filter({ hasText: '启用批号' })
  await form.getByLabel('疫苗').selectOption('vero')
  await form.getByLabel('批号').fill('202603a')
  await form.getByLabel('有效期到').fill('2027-06-30')
  await form.getByLabel('支数').fill('20')
  await form.getByRole('button', { name: '启用' }).click()
  await expect(page.getByText('202603A', { exact: true })).toBeVisible()
  await expect(page.getByText('剩 20 支，共 20 支')).toBeVisible()
  expect(await axe(page)).toEqual([])

  await page.getByRole('link', { name: '扫码', exact: true }).click()
  await scanField(page).focus()
  await wedge(page, code)
  await answer(page).getByRole('button', { name: '已到，登记' }).click()
  await expect(answer(page)).toContainText('已登记到场')

  await answer(page).getByRole('button', { name: '马上接种这一位' }).click()
  await expect(answer(page)).toContainText('已到')
  const record = answer(page).getByRole('button', { name: '接种完成（核销）' })
  await record.click()
  await expect(answer(page).getByLabel('批号'), 'not without a lot').toBeFocused()
  await answer(page).getByLabel('批号').selectOption('202603A')
  expect(await axe(page)).toEqual([])
  await record.click()
  await expect(answer(page)).toContainText('接种完成')

  await page.getByRole('link', { name: '留观', exact: true }).click()
  const line = page.getByRole('listitem').filter({ hasText: LIN.name })
  await expect(line.getByRole('timer')).toHaveText(/还有 29:\d\d/)
  expect(await axe(page)).toEqual([])
  await service.restart(`${TODAY}T09:45:00+08:00`)
  await page.getByRole('button', { name: '刷新' }).click()
  await expect(line.getByRole('timer')).toHaveText('时间到，可以离开')
  await line.getByRole('button', { name: '可以离开' }).click()
  await expect(line).toHaveCount(0)
})

test('who has a fever goes home with the reason, and reads it', async ({ page, service }) => {
  const { code, citizen } = await booked(service.url)
  await staffSignIn(page, NURSE)
  await wedge(page, code)
  await answer(page).getByRole('button', { name: '不能接种' }).click()
  await answer(page).getByRole('button', { name: '确认今天不接种' }).click()
  await expect(answer(page).getByRole('alert')).toBeVisible()
  await answer(page).getByRole('button', { name: '发热' }).click()
  await answer(page).getByRole('button', { name: '确认今天不接种' }).click()
  await expect(answer(page).getByRole('heading', { name: '今天不接种', exact: true })).toBeVisible()
  expect((await citizen.bookings())[0]).toMatchObject({ code, state: 'cancelled', turned_away: 'fever' })
  await citizen.signInto(page.context())
  await page.goto(`/bookings/${code}`)
  await expect(page.getByRole('heading', { name: '这次没有接种' }).first()).toBeVisible()
  await expect(page.getByText(/原因：发热/)).toBeVisible()
})

test('a manager accepts somebody who booked at another site', async ({ page, service }) => {
  const { code } = await booked(service.url, OTHER_SITE)
  await staffSignIn(page, MANAGER)
  await wedge(page, code)
  await expect(answer(page)).toContainText('约的是另一个接种点')
  await answer(page).getByRole('button', { name: '负责人同意在这里接种' }).click()
  await answer(page).getByRole('button', { name: '走错了接种点' }).click()
  await answer(page).getByRole('button', { name: '已在这里接种（核销）' }).click()
  await expect(answer(page)).toContainText('接种完成')
})
