/**
 * What the browser tests work with: an n8n that knows nothing of this package, a registry that has it, a ComfyUI, a
 * database, and a browser. Owns starting them in order and stopping them in the opposite one.
 */
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Browser, chromium, type Page, selectors } from 'playwright-core';

import { type N8nInstance, startN8n } from '../../../scripts/n8n-instance/instance.mjs';
import { provisionChromium } from '../../../scripts/provision/chromium.mjs';
import { provisionN8n } from '../../../scripts/provision/n8n.mjs';
import { makeCertificate } from '../../../scripts/registry/certificate.mjs';
import { startOutside } from '../../../scripts/registry/outside.mjs';
import { startRegistry } from '../../../scripts/registry/registry.mjs';
import { packageAs } from '../../../scripts/registry/versions.mjs';
import { modelsFromCatalog, type StandIn, startComfyUiStandIn } from '../../../simulator';
import { checkpointModels, ROOT } from '../checkpoint-models';
import { createTestDatabase, type TestDatabase } from '../postgres';

export const PACKAGE = 'n8n-nodes-comfyui-router';

/** Simulated seconds per second. */
const SPEED_UP = 40;
const SIZE = { width: 1440, height: 900 };
/** A fresh page compiles megabytes of script on a busy machine. */
const PATIENCE_MS = 60_000;
const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

export interface BrowserLab {
	n8n: N8nInstance;
	page: Page;
	comfyui: StandIn;
	/** Of the router's tables. */
	database: TestDatabase;
	/** Puts the built package into the registry under this version. */
	publish(version: string): Promise<void>;
	/** How npm is told to ask the registry, for a command outside n8n. */
	npmEnvironment: Record<string, string>;
	/** Hosts that n8n or npm asked for and did not get. */
	refused: Set<string>;
	close(): Promise<void>;
}

type Closing = () => Promise<unknown>;

/** Starts everything; what was started is stopped again where a later part fails. */
export async function openBrowserLab(): Promise<BrowserLab> {
	const closing: Closing[] = [];
	const close = async () => {
		for (const stop of closing.splice(0).reverse()) await stop();
	};
	try {
		return { ...(await open(closing)), close };
	} catch (error) {
		await close();
		throw error;
	}
}

async function open(closing: Closing[]): Promise<Omit<BrowserLab, 'close'>> {
	const folder = await mkdtemp(join(tmpdir(), 'comfyui-router-browser-'));
	closing.push(() => rm(folder, { recursive: true, force: true }));
	const registry = await startRegistry({ folder, packageName: PACKAGE });
	closing.push(registry.stop);
	const { outside, npmEnvironment } = await openOutside(folder, registry.port);
	closing.push(outside.stop);
	const databases = [await createTestDatabase('n8n'), await createTestDatabase('router')] as const;
	closing.push(...databases.map(({ close }) => close));
	const n8n = await startN8n({
		databaseUrl: databases[0].url,
		env: { ...npmEnvironment, N8N_UNVERIFIED_PACKAGES_ENABLED: 'true' },
	});
	closing.push(n8n.stop);
	const models = modelsFromCatalog(checkpointModels());
	const comfyui = await startComfyUiStandIn({ models, speedUp: SPEED_UP });
	closing.push(() => comfyui.close());
	const browser = await launch();
	closing.push(() => browser.close());
	return {
		n8n,
		comfyui,
		database: databases[1],
		page: await openPage(browser, n8n.url),
		publish: async (version) =>
			await registry.publish(await packageAs(version, ROOT, join(folder, 'versions'))),
		npmEnvironment,
		refused: outside.refused,
	};
}

/** The registry under the name that n8n asks for; n8n takes another one only with a licence. */
async function openOutside(folder: string, target: number) {
	const address = await registryOfN8n();
	const tls = await makeCertificate(folder, address.host);
	const outside = await startOutside({ host: address.host, target, key: tls.key, cert: tls.cert });
	const userConfig = join(folder, 'npmrc');
	await writeFile(userConfig, '');
	const npmEnvironment = {
		HTTPS_PROXY: outside.url,
		HTTP_PROXY: outside.url,
		NO_PROXY: '127.0.0.1,localhost',
		NODE_EXTRA_CA_CERTS: tls.certFile,
		npm_config_cafile: tls.certFile,
		npm_config_registry: address.origin,
		npm_config_cache: join(folder, 'npm-cache'),
		npm_config_userconfig: userConfig,
		npm_config_update_notifier: 'false',
	};
	return { outside, npmEnvironment };
}

/** As n8n's own settings name it. */
async function registryOfN8n(): Promise<URL> {
	const { folder } = await provisionN8n();
	const module = 'node_modules/n8n/dist/modules/community-packages/community-packages.config.js';
	const text = await readFile(join(folder, module), 'utf8');
	const address = /registry = '(https:[^']+)'/.exec(text)?.[1];
	if (!address) throw new Error(`${module} of n8n names no registry.`);
	return new URL(address);
}

async function launch(): Promise<Browser> {
	const executablePath = await provisionChromium();
	selectors.setTestIdAttribute('data-test-id');
	return await chromium.launch({ executablePath, args: FLAGS });
}

async function openPage(browser: Browser, url: string): Promise<Page> {
	const context = await browser.newContext({ viewport: SIZE, baseURL: url });
	context.setDefaultTimeout(PATIENCE_MS);
	return await context.newPage();
}

/** Keeps what the page shows, for someone who reads a failed run. */
export async function keepPicture(page: Page, name: string): Promise<string> {
	const folder = join(ROOT, '.tmp', 'browser');
	await mkdir(folder, { recursive: true });
	const path = join(folder, `${name.replace(/\W+/g, '-')}.png`);
	await page.screenshot({ path });
	return path;
}
