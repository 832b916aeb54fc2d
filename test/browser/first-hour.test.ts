/**
 * A newcomer's hour in a real browser: the package installed on n8n's Community nodes page from a registry, nodes found,
 * credentials made and tested, a workflow clicked together and run, its result on the report; then update and uninstall.
 * The tests are one way through, in order; the time of each step is printed at the end.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type BrowserLab, openBrowserLab, PACKAGE } from '../support/browser/lab';
import { CredentialDialog, EditorPage } from '../support/browser/editor-page';
import { CommunityNodesPage, logIn } from '../support/browser/settings-pages';
import { picture, Steps } from '../support/browser/steps';

const run = promisify(execFile);
const FIRST = '1.0.0';
const NEXT = '1.0.1';
const OLDER = 'Of an older version';
const PROMPT = 'a lighthouse at dusk';

const steps = new Steps();
let lab: BrowserLab;
let editor: EditorPage;
let credential: CredentialDialog;
let communityNodes: CommunityNodesPage;

beforeAll(async () => {
	const startedMs = Date.now();
	lab = await openBrowserLab();
	steps.add(
		'start an empty n8n, a registry, PostgreSQL and a ComfyUI stand-in',
		Date.now() - startedMs,
	);
	editor = new EditorPage(lab.page);
	credential = new CredentialDialog(lab.page);
	communityNodes = new CommunityNodesPage(lab.page);
	await lab.publish(FIRST);
	await logIn(lab.page, lab.n8n.owner);
});

afterAll(async () => {
	process.stderr.write(`\nA newcomer's hour, step by step:\n${steps.table()}`);
	await lab?.close();
});

const step = <T>(name: string, action: () => Promise<T>): Promise<T> =>
	steps.take(lab.page, name, action);

const ourTypes = async (): Promise<string[]> =>
	(await lab.n8n.rest.nodeTypes())
		.map(({ name }: { name: string }) => name)
		.filter((name: string) => name.startsWith(`${PACKAGE}.`));

async function usage(): Promise<Record<string, unknown>[]> {
	const text = 'select * from model_usage_log order by created_at';
	return (await lab.database.sql.query(text)).rows;
}

/** The workflow that was made by clicking. */
async function clickedTogether(): Promise<{ id: string }> {
	const all: { id: string; name: string }[] = await lab.n8n.rest.request('GET', '/rest/workflows');
	return all.find(({ name }) => name !== OLDER) as { id: string };
}

describe("a newcomer's hour", () => {
	it('installs the package on the Community nodes page, from a registry', async () => {
		expect(await ourTypes()).toEqual([]);
		await step('install the package in Settings > Community nodes', async () => {
			await communityNodes.open();
			await communityNodes.fillIn(PACKAGE);
			await picture(lab.page, 'install.png');
			await communityNodes.install(PACKAGE);
		});
		expect(await communityNodes.card(PACKAGE).innerText()).toContain(`v${FIRST}`);
		expect(await ourTypes()).toContain(`${PACKAGE}.selectModel`);
	});

	it('finds the nodes in the panel by what they are about', async () => {
		await step('find the nodes in the panel', async () => {
			await editor.openNew();
			const expected = {
				VRAM: ['Select Model', 'Generate Image', 'Manage Models', 'VRAM Monitor Trigger'],
				model: ['Select Model', 'Generate Image', 'Manage Models'],
				comfyui: ['Select Model', 'Generate Image', 'Plan Batch', 'Log Usage', 'Manage Models'],
			};
			for (const [word, names] of Object.entries(expected)) {
				await editor.search(word, ...names.map((name) => `ComfyUI: ${name}`));
			}
			await picture(lab.page, 'nodes-panel.png');
		});
	});

	it('makes the ComfyUI credential, which n8n tests', async () => {
		await step('add Generate Image and connect it to ComfyUI', async () => {
			await editor.openNew();
			await editor.addCoreNode('manual', 'Manual Trigger');
			await editor.addOurNode('Generate Image', 'Generate images');
			if (await credential.isOffered('ComfyUI')) {
				await credential.openFor('ComfyUI');
				await credential.fill('servers', `gpu1=${lab.comfyui.url}`);
				await credential.saveWorking();
			}
			await credential.openChosen();
			await credential.waitForSuccess();
			await picture(lab.page, 'comfyui-credential.png');
			await credential.close();
		});
	});

	it('refuses a wrong database password with the cause, and takes the right one', async () => {
		const url = new URL(lab.database.url);
		await step('connect the log to PostgreSQL', async () => {
			await editor.openNode('Generate Image');
			await credential.openFor('ComfyUI Router Postgres');
			await credential.fill('host', url.hostname);
			await credential.fill('port', url.port);
			await credential.fill('database', url.pathname.slice(1));
			await credential.fill('user', decodeURIComponent(url.username));
			await credential.fill('password', 'not-the-password');
			const refused = await credential.saveFailing();
			expect(refused).toContain('the login was refused');
			expect(refused).not.toContain('not-the-password');
			await credential.fill('password', decodeURIComponent(url.password));
			await credential.saveWorking();
		});
	});

	it('makes an image, and shows it with the reason of the choice', async () => {
		// n8n draws the output some time after it has it
		const shows = (output: { innerText(): Promise<string> }, text: unknown) =>
			expect.poll(() => output.innerText(), { timeout: 20_000 }).toContain(text);
		const output = await step('make the first image', async () => {
			await editor.fill('prompt', PROMPT);
			const panel = await editor.executeStep();
			await editor.showOutputAs('Binary');
			await shows(panel, 'image/png');
			await editor.showOutputAs('Table');
			return panel;
		});
		const row = (await usage()).at(-1);
		expect(row).toMatchObject({ status: 'success', server: 'gpu1', purpose: 'photo' });
		await shows(output, row?.model_name);
		await shows(output, row?.selection_reason);
		await picture(lab.page, 'generate-image.png');
	});

	it('has the run on the report page, written by the installed command', async () => {
		const html = await step('look at the report', async () => {
			const installed = join(lab.n8n.userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE);
			const page = join(lab.n8n.userFolder, 'report.html');
			const command = join(installed, 'dist', 'cli', 'main.js');
			const args = ['report', '--database-url', lab.database.url, '--out', page];
			await run(process.execPath, [command, ...args]);
			await lab.page.goto(`file://${page}`);
			await picture(lab.page, 'report.png');
			return await lab.page.locator('body').innerText();
		});
		const [row] = await usage();
		expect(html).toContain(row?.model_name);
	});
});

describe('a workflow of an older version', () => {
	/** Before these fields had lists, they were plain text. */
	const parameters = {
		requestFrom: 'fields',
		modelChoice: 'pinned',
		model: 'flux1-schnell',
		branches: { values: [{ of: 'flux1-dev' }] },
		additionalFields: { sampler_name: 'heun' },
	};

	const fieldText = (parameter: string) => editor.listField(parameter).inputValue();

	it('shows what its fields hold, offers lists for them, and names the outputs', async () => {
		const node = { id: 'a', name: 'Select Model', typeVersion: 1, position: [0, 0] };
		const { id } = await lab.n8n.rest.request('POST', '/rest/workflows', {
			name: OLDER,
			nodes: [{ ...node, type: `${PACKAGE}.selectModel`, parameters }],
			connections: {},
		});
		await step('open a workflow of an older version', async () => {
			await editor.open(id);
			await editor.canvasNodes().getByText('Others').waitFor();
			await editor.canvasNodes().getByText('flux1-dev').waitFor();
			await editor.openNode('Select Model');
			await expect.poll(() => fieldText('model'), { timeout: 20_000 }).toBe('flux1-schnell');
			expect(await fieldText('sampler_name')).toBe('heun');
		});
		await step('choose from lists', async () => {
			await editor.choose('presetName', 'steps');
			await expect.poll(() => fieldText('presetName'), { timeout: 20_000 }).toContain('steps');
		});
	});
});

describe('later', () => {
	it('updates to the next version, with which the workflow still runs', async () => {
		const before = (await usage()).length;
		const workflow = await clickedTogether();
		await lab.publish(NEXT);
		await step('update the package', async () => {
			await communityNodes.open();
			await communityNodes.update(PACKAGE, NEXT);
		});
		await step('run the old workflow with the new version', async () => {
			await editor.open(workflow.id);
			await editor.executeWorkflow(2);
			await picture(lab.page, 'workflow.png');
		});
		expect((await usage()).length).toBe(before + 1);
	});

	it('uninstalls, and leaves an n8n that works', async () => {
		const workflow = await clickedTogether();
		await step('uninstall the package', async () => {
			await communityNodes.open();
			await communityNodes.uninstall(PACKAGE);
		});
		expect(await ourTypes()).toEqual([]);
		const health = await fetch(`${lab.n8n.url}/healthz/readiness`);
		expect(health.status).toBe(200);
		// the workflow is still there, for the day the package comes back
		await editor.open(workflow.id);
		expect(await editor.canvasNodes().count()).toBe(2);
	});

	it('installs with plain npm as well, without anything of n8n, and n8n loads it from there', async () => {
		const folder = join(lab.n8n.userFolder, '.n8n', 'nodes');
		await mkdir(folder, { recursive: true });
		const env = { PATH: process.env.PATH, HOME: lab.n8n.userFolder, ...lab.npmEnvironment };
		await step('install with npm into ~/.n8n/nodes', async () => {
			const args = ['install', PACKAGE, '--no-audit', '--no-fund'];
			await run('npm', args, { cwd: folder, env });
		});
		const modules = await readdir(join(folder, 'node_modules'));
		expect(modules).toContain(PACKAGE);
		expect(modules.filter((name) => name.startsWith('n8n-') && name !== PACKAGE)).toEqual([]);
		const bin = join(folder, 'node_modules', '.bin', 'comfyui-router');
		expect((await run(bin, ['--help'])).stdout).toContain('select');
		const exported = join(lab.n8n.userFolder, 'exported', 'nodes.json');
		await mkdir(dirname(exported), { recursive: true });
		await lab.n8n.cli(['export:nodes', `--output=${exported}`]);
		expect(await readFile(exported, 'utf8')).toContain(`${PACKAGE}.selectModel`);
	});
});
