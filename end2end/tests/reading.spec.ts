// Everybody can read and reach everything: measured on every page, in light, dark and the elder mode, and with the keyboard alone.
import { TABLET } from '../support/browser.ts'
import { signInCode } from '../support/api.ts'
import { at, STAFF_SITE } from '../support/citizen.ts'
import { axe, sideways, smallTargets, smallText } from '../support/measure.ts'
import { LIN, LINS_PHONE } from '../support/people.ts'
import { expect, refusal, test } from '../support/test.ts'
import { tourOfCitizens, tourOfStaff } from '../support/tour.ts'
import type { Locator, Page } from '@playwright/test'

/** What was found wrong, each with the pages where: the same mistake on thirty pages is one mistake. */
class Findings {
  private readonly where = new Map<string, string[]>()

  note(page: string, found: string[]): void {
    for (const wrong of found) this.where.set(wrong, [...(this.where.get(wrong) ?? []), page])
  }

  expectNone(): void {
    expect([...this.where].map(([wrong, pages]) => `${wrong} — on ${pages.join(', ')}`)).toEqual([])
  }
}

async function axeInLightAndDark(page: Page): Promise<string[]> {
  const light = await axe(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await axe(page)
  await page.emulateMedia({ colorScheme: 'light' })
  return [...light, ...dark.filter((found) => !light.includes(found)).map((found) => `dark: ${found}`)]
}

async function runsOff(page: Page): Promise<string[]> {
  const pixels = await sideways(page)
  return pixels > 0 ? [`it can be pushed ${pixels} pixels sideways`] : []
}

test.describe('on every page of citizens', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } })
  test.slow()

  test.beforeEach(({ complaints }) => complaints.expect(refusal(404)))

  test('axe finds nothing, in light and in dark', async ({ page }) => {
    const findings = new Findings()
    await tourOfCitizens(page, async (name) => findings.note(name, await axeInLightAndDark(page)))
    findings.expectNone()
  })

  test('targets are at least 44 pixels and nothing runs off a narrow screen', async ({ page }) => {
    const findings = new Findings()
    await tourOfCitizens(page, async (name) => {
      findings.note(name, await smallTargets(page, 44))
      await page.setViewportSize({ width: 320, height: 640 })
      findings.note(`${name}, 320 pixels wide`, await runsOff(page))
      await page.setViewportSize({ width: 390, height: 844 })
    })
    findings.expectNone()
  })

  test('the elder mode has targets of 60 pixels and text of 18, and axe finds nothing', async ({ page }) => {
    const findings = new Findings()
    await page.goto('/')
    await page.getByRole('button', { name: '长辈版' }).click()
    await tourOfCitizens(page, async (name) => {
      findings.note(name, await smallTargets(page, 60))
      findings.note(name, await smallText(page, 18))
      findings.note(name, await axe(page))
    })
    findings.expectNone()
  })

  test('the largest text is 30 pixels and nothing runs off the screen', async ({ page }) => {
    const findings = new Findings()
    await page.goto('/help')
    await page.getByRole('button', { name: '最大' }).click()
    const body = await page.getByRole('main').evaluate((main) => parseFloat(getComputedStyle(main).fontSize))
    expect(body).toBeCloseTo(30, 1)
    await tourOfCitizens(page, async (name) => {
      findings.note(name, await runsOff(page))
      findings.note(name, await smallTargets(page, 60))
    })
    findings.expectNone()
  })
})

test.describe('on every page of staff', () => {
  test.use({ ...TABLET, contextOptions: { reducedMotion: 'reduce' } })
  test.slow()

  test('axe finds nothing, in light and in dark, and targets are at least 44 pixels', async ({ page, service, complaints }) => {
    // a right password asks for the second factor
    complaints.expect(refusal(401, '/api/staff/sign_in'))
    const findings = new Findings()
    await tourOfStaff(page, service, async (name) => {
      findings.note(name, await axeInLightAndDark(page))
      findings.note(name, await smallTargets(page, 44))
      findings.note(name, await runsOff(page))
    })
    findings.expectNone()
  })
})

/** Goes on by Tab until something has the focus; whatever has it on the way is in sight. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await expect(wanted).toBeVisible()
  for (let presses = 0; presses < 120; presses++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
    expect(await hiddenFocus(page), 'what has the focus is hidden').toBe('')
  }
  throw new Error(`the Tab key does not come to ${wanted}`)
}

/** The words of what has the focus, if nothing of it can be seen (WCAG 2.4.11). */
function hiddenFocus(page: Page): Promise<string> {
  return page.evaluate(() => {
    const focused = document.activeElement
    if (!(focused instanceof HTMLElement) || focused === document.body) return ''
    const shown = focused instanceof HTMLInputElement ? (focused.closest('label') ?? focused) : focused
    const { left, top, width, height } = shown.getBoundingClientRect()
    const seen = [0.1, 0.5, 0.9].some((x) =>
      [0.1, 0.5, 0.9].some((y) => {
        const there = document.elementFromPoint(left + width * x, top + height * y)
        return there !== null && (shown.contains(there) || there.contains(shown))
      }),
    )
    return seen ? '' : shown.outerHTML.slice(0, 200)
  })
}

test.describe('with the keyboard alone', () => {
  test.use({ isMobile: false, hasTouch: false })

  test('a first-time citizen books, and what has the focus is always in sight', async ({ page, service }) => {
    const press = async (wanted: Locator, key = 'Enter') => {
      await tabTo(page, wanted)
      await page.keyboard.press(key)
    }
    const type = async (label: string, text: string) => {
      await tabTo(page, page.getByLabel(label))
      await page.keyboard.insertText(text)
    }
    await page.goto('/')
    await at(page, /全市还有/)
    await press(page.getByRole('link', { name: '跳到正文' }))
    await expect(page.getByRole('main')).toBeFocused()
    await press(page.getByRole('link', { name: new RegExp(STAFF_SITE) }))
    await at(page, STAFF_SITE)
    await expect(page.getByRole('heading', { level: 1 })).toBeFocused()
    await press(page.getByRole('button', { name: /^09:30–/ }))
    await at(page, '给谁约？')
    await press(page.getByRole('button', { name: /^给自己约/ }), 'Space')
    await at(page, '您的信息')
    await type('姓名', LIN.name)
    await type('证件号码', LIN.number)
    await press(page.getByLabel('现居住县市区'), 'ArrowDown')
    await expect(page.getByLabel('现居住县市区')).toHaveValue(LIN.county)
    await type('详细地址', LIN.address)
    await press(page.getByRole('checkbox', { name: /单独同意/ }), 'Space')
    await press(page.getByRole('button', { name: '下一步' }))
    await at(page, '打第几剂？')
    await press(page.getByRole('button', { name: /^第 1 剂/ }))
    await at(page, '接种人有下面的情况吗？')
    await press(page.getByRole('checkbox', { name: /正在怀孕/ }), 'Space')
    await page.keyboard.press('Space')
    await press(page.getByRole('button', { name: '以上都没有' }))
    await at(page, '请读一下告知书')
    await press(page.getByRole('button', { name: '我已阅读并同意' }))
    await at(page, /请核对/)
    await press(page.getByRole('button', { name: '提交预约' }))
    await at(page, '用手机号登录')
    await type('您的手机号', LINS_PHONE)
    await page.keyboard.press('Enter')
    await expect(page.getByLabel('短信里的 6 位验证码')).toBeFocused()
    await page.keyboard.type(await signInCode(service.url, LINS_PHONE))
    await page.keyboard.press('Enter')
    await at(page, '约好了')
    await expect(page.getByRole('heading', { level: 1 })).toBeFocused()
    await tabTo(page, page.getByRole('button', { name: '保存图片' }))
  })
})
