import { describe, expect, it } from 'vitest';

import { ERROR_CODES } from '../../../lib/errors';
import { REASON_CODES } from '../../../lib/selection/types';
import { readPage } from './markdown';

const page = readPage('docs/troubleshooting.md');

/** Code headings below `## <title>`. */
function codesUnder(title: string): string[] {
	const section = page.text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
	return [...section.matchAll(/^### ([A-Z_]+)$/gm)].map((match) => match[1] as string);
}

describe('docs/troubleshooting.md', () => {
	it('has a section for every error code, and none for a code that does not exist', () => {
		expect(codesUnder('Errors').sort()).toEqual([...ERROR_CODES].sort());
	});

	it('has a section for every reason code, and none for a code that does not exist', () => {
		expect(codesUnder('Reason codes').sort()).toEqual([...REASON_CODES].sort());
	});

	it('leaves no section empty', () => {
		const empty = page.text
			.split(/^### /m)
			.slice(1)
			.filter((section) => section.split('\n').slice(1).join('').trim().length < 20)
			.map((section) => section.split('\n')[0]);
		expect(empty).toEqual([]);
	});
});
