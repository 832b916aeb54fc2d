import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { COMMANDS } from '../../../cli/commands';
import { EXIT } from '../../../cli/io';
import { readPage, ROOT } from './markdown';

const page = readPage('docs/other-languages.md');
const codeOf = (language: string) =>
	page.blocks.find((block) => block.language === language)?.text ?? '';
const run = promisify(execFile);

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'other-languages-'));
	const shim = join(folder, 'comfyui-router');
	const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
	writeFileSync(
		shim,
		`#!/bin/sh\nexec "${process.execPath}" "${tsx}" "${join(ROOT, 'cli/main.ts')}" "$@"\n`,
	);
	chmodSync(shim, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Go, and Python where it is not on the machine, are only checked for what they call. */
const interpreters = [
	['bash', 'bash', '-c'],
	['python', 'python3', '-c'],
].filter(([, program]) => spawnSync(program as string, ['--version']).status === 0);

describe('docs/other-languages.md', () => {
	it.each(interpreters)(
		'has an example that runs: %s',
		async (language, program, option) => {
			const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
			const args = [option as string, codeOf(language as string)];
			const { stdout } = await run(program as string, args, { cwd: ROOT, env });
			expect(stdout).toContain('sdxl-lightning-8step');
		},
		120_000,
	);

	it.each(['bash', 'python', 'go'])('calls a command with options that exist: %s', (language) => {
		const select = COMMANDS.find(({ name }) => name === 'select');
		const options = [...codeOf(language).matchAll(/--([a-z-]+)/g)].map((match) => match[1]);
		expect(options).toContain('request');
		for (const option of options)
			if (option !== 'json') expect(Object.keys(select?.options ?? {})).toContain(option);
	});

	it('has the exit codes that there are', () => {
		const codes = [...page.text.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
		expect(codes).toEqual(Object.values(EXIT).sort((a, b) => a - b));
	});
});
