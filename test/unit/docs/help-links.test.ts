import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { INode } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';

import { helpLink } from '../../../adapters/files/help-link';
import { reportError } from '../../../cli/report-error';
import { ERROR_CODES, type ErrorCode, RouterError } from '../../../lib/errors';
import { credentialTestFailure } from '../../../nodes/shared/credential-test-failure';
import { errorDetails, toNodeError } from '../../../nodes/shared/to-node-error';
import { readPage, ROOT } from './markdown';

const REPOSITORY = 'https://github.com/n8n-nodes-comfyui-router/n8n-nodes-comfyui-router';
const node = { name: 'Select Model', parameters: {} } as unknown as INode;

function errorOf(code: ErrorCode, problems = 0): RouterError {
	const problem = { path: 'a', message: 'is wrong', hint: 'Mend it.' };
	return new RouterError({
		code,
		message: 'It failed.',
		hint: 'Try again.',
		problems: Array.from({ length: problems }, () => problem),
	});
}

function printed(error: unknown, asJson: boolean): string {
	let text = '';
	const err = (chunk: string) => (text += chunk);
	reportError(error, { err } as unknown as Parameters<typeof reportError>[1], asJson);
	return text;
}

describe('the link of an error', () => {
	it.each(ERROR_CODES)('%s leads to a section of a page of this repository', (code) => {
		const [address, anchor] = helpLink(code).split('#') as [string, string];
		const path = address.replace(`${REPOSITORY}/blob/main/`, '');
		expect(path).not.toBe(address);
		expect(existsSync(join(ROOT, path))).toBe(true);
		expect([...readPage(path).anchors]).toContain(anchor);
	});

	it.each([0, 1, 3])('is shown by n8n, with %d problems', (problems) => {
		const error = errorOf('FILE_UNREADABLE', problems);
		const link = helpLink('FILE_UNREADABLE');
		expect(toNodeError(node, error).description?.split('\n').at(-1)).toBe(`More: ${link}`);
		expect(errorDetails(error)).toMatchObject({ help: link });
		expect(credentialTestFailure(error).message).toContain(link);
	});

	it.each([0, 1, 60])('is printed by the command line, with %d problems', (problems) => {
		const error = errorOf('CATALOG_INVALID', problems);
		const link = helpLink('CATALOG_INVALID');
		expect(printed(error, false).trimEnd().split('\n').at(-1)).toBe(`  More: ${link}`);
		expect(JSON.parse(printed(error, true))).toMatchObject({ error: { help: link } });
	});

	it('is that of INTERNAL for what nobody foresaw', () => {
		const error = new TypeError('x is undefined');
		const link = helpLink('INTERNAL');
		expect(toNodeError(node, error).description).toContain(link);
		expect(errorDetails(error)).toMatchObject({ help: link });
		expect(printed(error, false)).toContain(link);
		expect(JSON.parse(printed(error, true))).toMatchObject({ error: { help: link } });
	});
});
