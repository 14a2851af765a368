// What can be measured on a page: how large what one taps and reads is, and whether anything runs off the screen.
import { type Page, expect } from '@playwright/test'
import axeCore, { type AxeResults } from 'axe-core'

/** What axe finds, each with the places where. */
export async function axe(page: Page): Promise<string[]> {
  await settled(page)
  // a page keeps it until its document goes; an evaluation is not bound by the page's policy
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axeCore.source)
  const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })')
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')} ${node.failureSummary?.replaceAll(/\s+/g, ' ')}`))
}

/** Waits until nothing moves or fades any more. */
async function settled(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => document.getAnimations().filter((one) => one.playState === 'running' && one.effect?.getTiming().iterations !== Infinity).length)).toBe(0)
}

/** Targets that are smaller than `least` pixels in a direction. Links within a sentence are no targets of their own (WCAG 2.5.8). */
export function smallTargets(page: Page, least: number): Promise<string[]> {
  return page.evaluate((least) => {
    const small: string[] = []
    for (const element of document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary')) {
      const ticked = element instanceof HTMLInputElement && ['checkbox', 'radio', 'file'].includes(element.type)
      const target = ticked ? (element.closest('label') ?? element) : element
      if (!target.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || target.closest('[inert]')) continue
      const inSentence = getComputedStyle(target).display === 'inline' && (target.parentElement?.innerText ?? '').trim() !== target.innerText.trim()
      const { width, height, right, bottom } = target.getBoundingClientRect()
      const outOfSight = right <= 0 || bottom + scrollY <= 0 || (width <= 1 && height <= 1)
      if (inSentence || outOfSight) continue
      if (width < least - 0.5 || height < least - 0.5) small.push(`${target.tagName} “${(target.innerText || element.id).trim()}” ${Math.round(width)}×${Math.round(height)}`)
    }
    return small
  }, least)
}

/** Text that is smaller than `least` pixels, or whose lines stand closer than 1.3. */
export function smallText(page: Page, least: number): Promise<string[]> {
  return page.evaluate((least) => {
    const small: string[] = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const words = texts.currentNode.textContent?.trim()
      const parent = texts.currentNode.parentElement
      if (!words || !parent || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(parent.tagName)) continue
      if (!parent.checkVisibility({ visibilityProperty: true })) continue
      const range = document.createRange()
      range.selectNodeContents(texts.currentNode)
      const { width, height } = range.getBoundingClientRect()
      const hidden = (() => {
        for (let up: HTMLElement | null = parent; up; up = up.parentElement) {
          const box = up.getBoundingClientRect()
          if (getComputedStyle(up).overflow !== 'visible' && box.width <= 1 && box.height <= 1) return true
        }
        return false
      })()
      if (hidden || width <= 1 || height <= 1) continue
      const style = getComputedStyle(parent)
      const size = parseFloat(style.fontSize)
      const line = parseFloat(style.lineHeight) / size
      if (size < least - 0.01) small.push(`“${words}” ${size}px`)
      if (line < 1.295 && height > size * 2) small.push(`“${words}” lines ${line.toFixed(2)}`)
    }
    return small
  }, least)
}

/** How many pixels the page can be pushed sideways. */
export function sideways(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
