/** Inputs that could cost more than they are, or become part of a statement. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { planFolders } from '../../../adapters/files/model-files/folders';
import { quoteIdentifier } from '../../../adapters/postgres/pool';
import { formatTable } from '../../../cli/table';
import { parseCatalog } from '../../../lib/catalog/parse';
import { parseFleet } from '../../../lib/fleet/parse';
import { ModelRouter } from '../../../lib/router/model-router';
import { smallCatalog } from '../../support/catalog-builder';

describe('an extra_model_paths.yaml', () => {
	let folder: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'yaml-'));
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	it('that multiplies itself is not unfolded', () => {
		const lines = ['a: &a ["x","x","x","x","x","x","x","x","x"]'];
		for (let n = 1; n < 12; n++) {
			const [name, before] = ['abcdefghijklm'[n], 'abcdefghijklm'[n - 1]];
			lines.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`);
		}
		const file = join(folder, 'extra_model_paths.yaml');
		writeFileSync(file, lines.join('\n'));
		const { warnings, folders } = planFolders(folder, file);
		expect(warnings.join()).toMatch(/cannot be used: .*alias/i);
		expect(folders).toHaveLength(1);
	});

	it('that names what every object inherits adds no folder', () => {
		const file = join(folder, 'extra_model_paths.yaml');
		writeFileSync(file, 'comfyui:\n  constructor: a\n  __proto__: b\n  toString: c\n');
		expect(planFolders(folder, file)).toEqual({
			folders: [{ path: folder, kind: null }],
			warnings: [],
		});
	});
});

describe('a device in a fleet', () => {
	const decide = (device: Record<string, unknown>) => {
		const memory = { vram_total: 1, vram_free: 1, torch_vram_total: 0, torch_vram_free: 0 };
		const fleet = { servers: [{ name: 'a', devices: [{ ...memory, ...device }] }] };
		const router = new ModelRouter(parseCatalog(smallCatalog()));
		return router.select({ purpose: 'photo' }, parseFleet(fleet), { nowMs: 0 });
	};

	it('without a name is decided about', () => {
		expect(decide({ name: null, type: null }).decision).toBe('rejected');
	});

	it('whose name is no text is refused', () => {
		const faults = () => decide({ name: { toString: 1 }, type: 'cuda' });
		expect(faults).toThrow('servers[0].devices[0].name: Not a text');
	});
});

describe('the name of a schema', () => {
	it.each([
		['public', '"public"'],
		['a"; drop table x; --', '"a""; drop table x; --"'],
	])('%s is quoted', (name, quoted) => {
		expect(quoteIdentifier(name)).toBe(quoted);
	});
});

describe('a table in a terminal', () => {
	it('prints no control characters of names', () => {
		expect(formatTable(['Name'], [['\u001b[2J\u0007gpu\u202e']])).not.toMatch(
			/[\u0000-\u0009\u000b-\u001f\u202e]/,
		);
	});
});
