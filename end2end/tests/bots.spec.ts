// While very many codes are asked for: the phone works a moment by itself, and nobody solves a puzzle.
import { at, enterCode } from '../support/citizen.ts'
import { LINS_PHONE } from '../support/people.ts'
import { expect, refusal, test } from '../support/test.ts'

test.use({ settings: { PROOF_OF_WORK: 'always' } })

test('a phone does the work that is asked for by itself, and the code comes', async ({ page, complaints }) => {
  complaints.expect(refusal(429, 'send_code'))
  const asked: { status: number; worked: boolean }[] = []
  page.on('response', (response) => {
    if (!response.url().endsWith('/api/accounts/send_code')) return
    const { work } = response.request().postDataJSON() as { work?: unknown }
    asked.push({ status: response.status(), worked: !!work })
  })
  await page.goto('/sign-in')
  await page.getByLabel('您的手机号').fill(LINS_PHONE)
  await page.getByRole('button', { name: '获取验证码' }).click()
  await enterCode(page, LINS_PHONE)
  await at(page, '我的预约')
  expect(asked).toEqual([
    { status: 429, worked: false },
    { status: 200, worked: true },
  ])
})

test('work that was done once is not taken again', async ({ page, complaints, request, service }) => {
  complaints.expect(refusal(429, 'send_code'))
  const done = page.waitForRequest((request) => request.url().endsWith('/send_code') && !!request.postDataJSON().work)
  await page.goto('/sign-in')
  await page.getByLabel('您的手机号').fill(LINS_PHONE)
  await page.getByRole('button', { name: '获取验证码' }).click()
  const { work } = (await done).postDataJSON()
  await expect(page.getByLabel('短信里的 6 位验证码')).toBeFocused()
  const again = await request.post(`${service.url}/api/accounts/send_code`, { data: { phone: '13900001111', work } })
  expect(again.status()).toBe(429)
  expect(await again.json()).toMatchObject({ code: 'too_many', reason: { rule: 'work' } })
})
