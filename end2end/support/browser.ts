// The browser that the system brings, and the screens that people hold.
import { type Browser, type LaunchOptions, chromium } from '@playwright/test'

const ROOT = process.getuid?.() === 0

/** Switches of every Chromium: nothing that it does by itself may disturb a test. */
export const SWITCHES = [
  ...(ROOT ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const LAUNCH: LaunchOptions = { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: SWITCHES }

/** A second browser, with switches of its own. */
export function launch(...switches: string[]): Promise<Browser> {
  return chromium.launch({ ...LAUNCH, args: [...SWITCHES, ...switches] })
}

/** A citizen's phone. */
export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
  locale: 'zh-CN',
  timezoneId: 'Asia/Shanghai',
}

/** The tablet of a site. */
export const TABLET = {
  viewport: { width: 1024, height: 768 },
  deviceScaleFactor: 1,
  hasTouch: true,
  isMobile: false,
  locale: 'zh-CN',
  timezoneId: 'Asia/Shanghai',
}
