/**
 * The image layer in deploy/docker: its Dockerfile parsed, its start script run. Building an image needs Docker, which
 * tests cannot count on; what the image does at its start is what can go wrong, and that is run for real.
 */
import { execFileSync } from 'node:child_process';
import {
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import packageJson from '../../package.json';
import n8nManifest from '../../scripts/provision/n8n/package.json';

const FOLDER = resolve(__dirname, '../../deploy/docker');
const SCRIPT = join(FOLDER, 'link-nodes.sh');
const PACKAGE = packageJson.name;

interface Instruction {
	name: string;
	value: string;
}

/** Instructions with their continued lines joined, comments left out: all of the syntax that the file uses. */
function instructionsOf(text: string): Instruction[] {
	const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
	const joined = lines.join('\n').replace(/\\\n\s*/g, ' ');
	return joined.split('\n').map((line) => {
		const [, name = '', value = ''] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? [];
		return { name, value };
	});
}

const instructions = instructionsOf(readFileSync(join(FOLDER, 'Dockerfile'), 'utf8'));
const valuesOf = (name: string) =>
	instructions.filter((instruction) => instruction.name === name).map(({ value }) => value);

describe('the Dockerfile', () => {
	it('has only instructions that Docker knows', () => {
		const known = ['ARG', 'FROM', 'WORKDIR', 'RUN', 'COPY', 'ENTRYPOINT'];
		expect(instructions.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual(
			[],
		);
	});

	it('installs this version of the package on the n8n that is tested', () => {
		expect(valuesOf('ARG')).toContain(`ROUTER_VERSION=${packageJson.version}`);
		expect(valuesOf('ARG')).toContain(`N8N_VERSION=${n8nManifest.dependencies.n8n}`);
		expect(valuesOf('RUN').join('\n')).toContain(`"${PACKAGE}@\${ROUTER_VERSION}"`);
	});

	it('pins every image, and copies only what an earlier stage or its folder has', () => {
		const images = valuesOf('FROM').map((value) => value.split(' ')[0]);
		expect(images).toHaveLength(2);
		for (const image of images) expect(image).toMatch(/:(\d|\$\{N8N_VERSION\})/);
		for (const copy of valuesOf('COPY')) {
			const [source = ''] = copy.split(' ').filter((word) => !word.startsWith('--'));
			if (copy.includes('--from=')) expect(copy).toContain('--from=package');
			else expect(statSync(join(FOLDER, source)).isFile(), source).toBe(true);
		}
	});

	it('starts n8n through the script', () => {
		const command = JSON.parse(valuesOf('ENTRYPOINT')[0] ?? '') as string[];
		expect(command).toEqual([
			'tini',
			'--',
			'/opt/comfyui-router/link-nodes.sh',
			'/docker-entrypoint.sh',
		]);
	});
});

describe('the start script of the image', () => {
	let home: string;
	let image: string;
	const placed = () => join(home, '.n8n', 'nodes', 'node_modules', PACKAGE);
	const start = (...args: string[]) =>
		execFileSync('sh', [SCRIPT, ...args], {
			env: { PATH: process.env.PATH, HOME: home, COMFYUI_ROUTER_HOME: image },
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'],
		});

	beforeEach(() => {
		const folder = mkdtempSync(join(tmpdir(), 'comfyui-router-image-'));
		[home, image] = [join(folder, 'home'), join(folder, 'image')];
		mkdirSync(join(image, 'node_modules', PACKAGE), { recursive: true });
		mkdirSync(home);
	});

	afterEach(() => rmSync(resolve(home, '..'), { recursive: true }));

	it('links the nodes to where n8n looks for them, and starts what it is given', () => {
		expect(start('echo', 'n8n', 'start')).toBe('n8n start\n');
		expect(readlinkSync(placed())).toBe(join(image, 'node_modules', PACKAGE));
	});

	it('links anew at each start, so that a newer image brings its own version', () => {
		start('true');
		const older = image;
		image = `${image}-newer`;
		mkdirSync(join(image, 'node_modules', PACKAGE), { recursive: true });
		start('true');
		expect(readlinkSync(placed())).not.toContain(`${older}/`);
		expect(readlinkSync(placed())).toContain(image);
	});

	it('leaves a copy alone that was installed on the Community nodes page', () => {
		mkdirSync(placed(), { recursive: true });
		start('true');
		expect(lstatSync(placed()).isSymbolicLink()).toBe(false);
	});
});
