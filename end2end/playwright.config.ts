// How the browser tests run: Debian's Chromium, a phone's screen, one real service for each test.
import { defineConfig } from '@playwright/test'
import { LAUNCH, PHONE } from './support/browser.ts'

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  globalSetup: './support/ready.ts',
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: !!process.env.CI,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    ...PHONE,
    launchOptions: LAUNCH,
    actionTimeout: 10_000,
    navigationTimeout: 15_000,
    screenshot: 'only-on-failure',
    // costs a quarter of the time; TRACE=1 to follow a failure step by step
    trace: process.env.TRACE ? 'retain-on-failure' : 'off',
  },
})
