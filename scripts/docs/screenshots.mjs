/**
 * `npm run docs:screenshots`: the pictures in docs/images, taken of a running `npm start` as a newcomer sees it: logs in,
 * opens the first example, runs it, opens Select Model. Owns the pictures; starts no n8n itself.
 */
import { mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, selectors } from 'playwright-core';

const USAGE = `Usage: npm run docs:screenshots -- <address> <email> <password>
The three are what npm start prints. Needs Chromium (apt-get install chromium, or CHROMIUM=<path>).
`;
selectors.setTestIdAttribute('data-test-id');

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const EXAMPLES = {
	first: 'ComfyUI: Select Model before any ComfyUI node',
	webhook: 'ComfyUI: select, run and log behind a webhook',
};
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const SIZE = { width: 1280, height: 800 };
/** n8n draws with animations: a picture is taken when nothing has moved for so long. */
const SETTLE_MS = 1500;

async function main([address, email, password]) {
	if (!password) {
		process.stdout.write(USAGE);
		process.exitCode = 64;
		return;
	}
	const executablePath =
		process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
	const browser = await chromium.launch({ executablePath, args: FLAGS });
	try {
		await mkdir(IMAGES, { recursive: true });
		await takeAll(await browser.newPage({ viewport: SIZE }), { address, email, password });
	} finally {
		await browser.close();
	}
}

async function takeAll(page, login) {
	await logIn(page, login);
	await openWorkflow(page, login.address, EXAMPLES.webhook);
	await take(page, 'webhook.png', { y: 250, height: 400 });
	await openWorkflow(page, login.address, EXAMPLES.first);
	await page.getByTestId('execute-workflow-button').first().click();
	await page.getByTestId('canvas-node-status-success').nth(3).waitFor();
	await take(page, 'canvas.png', { y: 225, height: 420 });
	await page.getByTestId('canvas-node').filter({ hasText: 'Select Model' }).dblclick();
	await page.getByTestId('output-panel').getByText('Schema').click();
	await collapse(page, 'output-panel', 'graph');
	await collapse(page, 'ndv-input-panel', 'graph');
	await take(page, 'select-model.png');
}

/** The example's own workflow is long, and not what the picture is about. */
async function collapse(page, panel, field) {
	const row = page
		.getByTestId(panel)
		.getByTestId('run-data-schema-item')
		.filter({ has: page.locator(`[data-name="${field}"]`) });
	await row.locator('.toggle').first().click();
}

async function logIn(page, { address, email, password }) {
	await page.goto(`${address}/signin`);
	await page.fill('input[type=email]', email);
	await page.fill('input[type=password]', password);
	await page.keyboard.press('Enter');
	await page.waitForURL(/home|workflow/);
}

async function openWorkflow(page, address, name) {
	const id = await page.evaluate(async (wanted) => {
		const headers = { 'browser-id': localStorage.getItem('n8n-browserId') };
		const { data } = await (await fetch('/rest/workflows', { headers })).json();
		return data.find((workflow) => workflow.name === wanted)?.id;
	}, name);
	if (!id) throw new Error(`n8n has no workflow "${name}". Start it with npm start.`);
	await page.goto(`${address}/workflow/${id}`);
	await page.getByTestId('canvas-node').first().waitFor();
}

/** @param {{ y: number, height: number }} [strip] the whole width, without n8n's own bars */
async function take(page, file, strip) {
	await page.mouse.move(SIZE.width / 2, SIZE.height - 5);
	await page.waitForTimeout(SETTLE_MS);
	const clip = strip ? { x: 45, width: SIZE.width - 45, ...strip } : undefined;
	await page.screenshot({ path: `${IMAGES}${file}`, clip });
	process.stdout.write(`docs/images/${file}\n`);
}

main(process.argv.slice(2)).catch((error) => {
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 1;
});
