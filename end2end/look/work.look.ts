// How long a phone works before it is sent a code while very many are asked for; on a processor slowed to a quarter, too.
import { expect, refusal, test } from '../support/test.ts'

const TIMES = 15

test.use({ settings: { PROOF_OF_WORK: 'always', LIMIT_CODES_A_DEVICE: '1000' } })

for (const slowed of [1, 4]) {
  test(`the work of a code on a processor ${slowed} times slower`, async ({ page, complaints }) => {
    complaints.expect(refusal(429, 'send_code'))
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowed })
    const took: number[] = []
    for (let n = 0; n < TIMES; n++) {
      await page.goto('/sign-in')
      await page.getByLabel('您的手机号').fill(`139000011${String(n + 20 * slowed).padStart(2, '0')}`)
      const refused = page.waitForResponse((response) => response.url().endsWith('/send_code') && response.status() === 429)
      const worked = page.waitForRequest((request) => request.url().endsWith('/send_code') && !!request.postDataJSON().work)
      await page.getByRole('button', { name: '获取验证码' }).click()
      await refused
      const from = Date.now()
      await worked
      took.push(Date.now() - from)
      await expect(page.getByLabel('短信里的 6 位验证码')).toBeFocused()
    }
    took.sort((a, b) => a - b)
    console.log(`work slowed ${slowed}: median ${took[TIMES >> 1]} ms, longest ${took[TIMES - 1]} ms of ${TIMES}`)
  })
}
