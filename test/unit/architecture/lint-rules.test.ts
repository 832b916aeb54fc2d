/** The linter must really refuse what the folders may not do: each rule is shown a file that breaks it. */
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const eslint = new ESLint();

async function rulesBroken(filePath: string, code: string): Promise<string[]> {
	const [result] = await eslint.lintText(code, { filePath });
	return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

const DIRECTION = 'import-x/no-restricted-paths';
const PACKAGE = 'no-restricted-imports';
const SYNTAX = 'no-restricted-syntax';
const GLOBAL = 'no-restricted-globals';

describe('lint rules', () => {
	it.each([
		['lib/sample.ts', "export * from '../adapters/comfyui';", DIRECTION],
		['lib/sample.ts', "export * from 'axios';", PACKAGE],
		['lib/sample.ts', "export * from 'zod';", PACKAGE],
		['lib/sample.ts', "export * from 'node:fs';", PACKAGE],
		['lib/sample.ts', 'export const now = Date.now();', SYNTAX],
		['lib/sample.ts', 'export const now = new Date();', SYNTAX],
		['lib/sample.ts', 'export const dice = Math.random();', SYNTAX],
		['lib/sample.ts', "export const late = import('./errors');", SYNTAX],
		['lib/sample.ts', 'export const home = process.env.HOME;', GLOBAL],
		['lib/sample.ts', 'export const timer = setTimeout(String, 1);', GLOBAL],
		['lib/sample.ts', "console.log('hello');", GLOBAL],
		['simulator/replay/sample.ts', 'export const dice = Math.random();', SYNTAX],
		['service/sample.ts', "export * from '../adapters/postgres/pool';", DIRECTION],
		['service/sample.ts', "export * from 'n8n-workflow';", PACKAGE],
		['service/sample.ts', "export * from 'pg';", PACKAGE],
		['service/sample.ts', "export * from 'axios';", PACKAGE],
		['service/sample.ts', 'export const now = Date.now();', SYNTAX],
		['adapters/postgres/sample.ts', "export * from 'axios';", PACKAGE],
		['adapters/postgres/sample.ts', "export * from '../comfyui';", DIRECTION],
		['adapters/comfyui/sample.ts', "export * from 'pg';", PACKAGE],
		['adapters/comfyui/sample.ts', "export * from '../../service/fleet';", DIRECTION],
		['nodes/shared/sample.ts', "export * from 'pg';", PACKAGE],
		['nodes/shared/sample.ts', "export * from '../../simulator/gpu';", DIRECTION],
		['cli/sample.ts', "export * from '../nodes/shared/fields';", DIRECTION],
		['cli/sample.ts', "export * from '../test/support/postgres';", DIRECTION],
		['simulator/sample.ts', "export * from '../adapters/comfyui';", DIRECTION],
	])('refuses in %s: %s', async (filePath, code, rule) => {
		expect(await rulesBroken(filePath, code)).toContain(rule);
	});

	it.each([
		['lib/sample.ts', "export { z } from 'zod/v4';\nexport const start = new Date(0);"],
		['service/sample.ts', "export { RouterError } from '../lib/errors';"],
		['adapters/postgres/sample.ts', "export { Pool } from 'pg';"],
		['nodes/shared/sample.ts', "export { ComfyUiClient } from '../../adapters/comfyui';"],
	])('allows in %s: %s', async (filePath, code) => {
		expect(await rulesBroken(filePath, code)).toEqual([]);
	});
});
