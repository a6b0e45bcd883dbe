import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext } from 'playwright-core';
import { needs, testWith } from '#test/support/needs.ts';
import { startServer } from './startServer.ts';

const executablePath = needs('chromium');
const inChromium = testWith(executablePath);

interface OpenedBrowser {
  context: BrowserContext;
  foreignRequests: string[];
  operations: { operationName: unknown; authorization: string | null; purpose: string | null }[];
  complaints: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A fresh browser that reaches `origin` and nothing else, and remembers what it was kept from. */
async function openBrowser(origin: string): Promise<OpenedBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'explorer-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executablePath ?? '', // null: no test of this file runs
    headless: true,
    locale: 'en-GB',
    viewport: { width: 1400, height: 850 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const foreignRequests: string[] = [];
  const operations: OpenedBrowser['operations'] = [];
  const complaints: string[] = [];
  await context.route('**/*', async (route) => {
    const address = route.request().url();
    if (address === `${origin}/graphql`) {
      const headers = route.request().headers();
      operations.push({
        operationName: route.request().postDataJSON().operationName ?? null,
        authorization: headers.authorization ?? null,
        purpose: headers['x-purpose'] ?? null,
      });
    }
    if (address.startsWith(`${origin}/`) || address.startsWith('data:')) return route.continue();
    foreignRequests.push(address);
    return route.abort();
  });
  // Broken content-security rules and scripts that fail arrive here.
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(error.error().message));
  return {
    context,
    foreignRequests,
    operations,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

inChromium('the explorer answers a saved query as a chosen role, and asks no other host for anything', async () => {
  await using server = await startServer();
  await using browser = await openBrowser(server.origin);
  const page = await browser.context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(`${server.origin}/explorer`);

  // The docs follow the role: PUBLIC first, which does not see the role's field.
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  const docs = page.locator('.graphiql-plugin');
  const queryType = docs.locator('a').getByText('Query', { exact: true });
  const fieldOfRole = docs.getByText(server.fieldOfRole, { exact: true });
  await queryType.click();
  await docs.getByText('entity', { exact: true }).waitFor();
  expect(await fieldOfRole.count()).toBe(0);
  // The new schema brings the docs back to their first page.
  await page.getByLabel('View as').selectOption(server.role);
  await queryType.click();
  await fieldOfRole.waitFor();

  await page.getByLabel('Purpose').fill(server.purpose);
  await page.getByLabel('Saved query').selectOption(server.savedQuery);
  // GraphiQL reads a text's operations a moment after it came, and then names the tab.
  await page.getByRole('tab', { name: server.operationName }).waitFor();
  await page.getByRole('button', { name: /Execute query/ }).click();
  const answer = page.locator('.result-window');
  for (const part of server.answerParts) await answer.getByText(part).waitFor();

  // Edited by hand, then picked again: the saved text is back.
  await page.locator('.graphiql-query-editor .CodeMirror').click();
  await page.keyboard.type('# my note ');
  await page.locator('.graphiql-query-editor').getByText('# my note').waitFor();
  await page.getByLabel('Saved query').selectOption(server.savedQuery);
  await page.locator('.graphiql-query-editor').getByText('# my note').waitFor({ state: 'detached' });

  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });

  expect(browser.operations).toEqual([
    { operationName: 'IntrospectionQuery', authorization: null, purpose: null },
    { operationName: 'IntrospectionQuery', authorization: `Bearer ${server.token}`, purpose: null },
    { operationName: server.operationName, authorization: `Bearer ${server.token}`, purpose: server.purpose },
  ]);
  expect(page.url()).toBe(`${server.origin}/explorer`);
  const kept = await page.evaluate<string>(
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
  );
  expect(kept).toContain('graphiql:query');
  expect(kept).not.toContain(server.token);
  expect(browser.foreignRequests).toEqual([]);
  expect(browser.complaints).toEqual([]);
});

inChromium('a token of one’s own is sent with the next request and then no longer when PUBLIC is chosen', async () => {
  await using server = await startServer();
  await using browser = await openBrowser(server.origin);
  const page = await browser.context.newPage();
  const introspected = () => page.waitForResponse(`${server.origin}/graphql`);
  const steps = [
    () => page.goto(`${server.origin}/explorer`),
    async () => {
      await page.getByLabel('View as').selectOption('A token of my own…');
      await page.getByLabel('Token', { exact: true }).fill(server.token);
      await page.keyboard.press('Enter');
    },
    () => page.getByLabel('View as').selectOption('PUBLIC'),
  ];
  for (const step of steps) await Promise.all([introspected(), step()]);

  expect(browser.operations.map(({ authorization }) => authorization)).toEqual([null, `Bearer ${server.token}`, null]);
  expect(browser.complaints).toEqual([]);
});
