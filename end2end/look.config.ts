// `npm run look`: walks through every page and keeps pictures of them in out/. No test of the suite.
import { defineConfig } from '@playwright/test'
import tests from './playwright.config.ts'

export default defineConfig({ ...tests, testDir: 'look', testMatch: '*.look.ts', outputDir: 'test-results/look', timeout: 120_000 })
