// What a citizen keeps: the calendar entry and the picture.
import { readFile } from 'node:fs/promises'
import { Caller } from '../support/api.ts'
import { bookForMyself, STAFF_SITE } from '../support/citizen.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { decode } from '../support/qr.ts'
import { TODAY } from '../support/service.ts'
import { expect, test } from '../support/test.ts'

test('the calendar file says who, when, where and the code, and reminds the day before', async ({ page }) => {
  const code = await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  const saved = page.waitForEvent('download')
  await page.getByRole('link', { name: '加到日历' }).click()
  const download = await saved
  expect(download.suggestedFilename()).toMatch(/\.ics$/)
  const text = await readFile(await download.path(), 'utf8')
  const lines = text.split('\r\n')
  expect(lines.at(-1)).toBe('')
  for (const line of lines) expect(Buffer.byteLength(line), line).toBeLessThanOrEqual(75)
  const [booking] = await (await Caller.of(page)).bookings()
  const unfolded = text.replaceAll('\r\n ', '').split('\r\n')
  expect(unfolded).toEqual(
    expect.arrayContaining([
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'DTSTART:20270301T013000Z',
      'DTEND:20270301T020000Z',
      expect.stringMatching(new RegExp(`^SUMMARY:.*${LIN.name}`)),
      expect.stringMatching(new RegExp(`^LOCATION:${STAFF_SITE}.*${booking!.site.address}`)),
      expect.stringContaining(`${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}`),
      'BEGIN:VALARM',
      'TRIGGER:-P1D',
      'SEQUENCE:0',
      'END:VCALENDAR',
    ]),
  )
  expect(text).not.toContain(LIN.number)
})

test('the picture is a real image whose QR is the booking’s pass', async ({ page }) => {
  await bookForMyself(page, LIN, LINS_PHONE, { date: TODAY, start: '09:30' })
  await page.getByRole('button', { name: '保存图片' }).click()
  const picture = page.getByRole('img', { name: /预约凭证图片/ })
  await expect(picture).toBeVisible()
  const source = await picture.getAttribute('src')
  expect(source).toMatch(/^data:image\/png;base64,/)
  const bytes = Buffer.from(source!.split(',')[1]!, 'base64')
  const [booking] = await (await Caller.of(page)).bookings()
  expect(decode(bytes)).toBe(booking!.pass)

  const saved = page.waitForEvent('download')
  await page.getByRole('link', { name: '点这里下载' }).click()
  const download = await saved
  expect(download.suggestedFilename()).toMatch(/\.png$/)
  expect(await readFile(await download.path())).toEqual(bytes)
})
