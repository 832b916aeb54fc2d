import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import { ModelRouter } from '../../../lib/router/model-router';

const shipped = join(__dirname, '../../../models_config.json');
const router = new ModelRouter(parseCatalog(JSON.parse(readFileSync(shipped, 'utf8'))));

function refusalWith(error: string | null): string {
	const server = { name: 'gpu', url: 'http://gpu:8188', reachable: false, devices: [], queue: [] };
	const fleet = { servers: [{ ...server, loaded_model: null, installed_files: null, error }] };
	const selection = router.select({ purpose: 'photo' }, fleet, { nowMs: 0 });
	expect(selection.rejection?.code).toBe('UNREACHABLE');
	return selection.rejection?.message ?? '';
}

describe('a refusal because no server answers', () => {
	it('says what the client found out', () => {
		const found = 'ComfyUI server "gpu" answered with a web page; is this a proxy login?';
		expect(refusalWith(found)).toContain(found);
	});

	it('names the server where nothing is known', () => {
		expect(refusalWith(null)).toContain('Server gpu cannot be reached.');
	});

	it('quotes no control characters and no more than a few lines', () => {
		const message = refusalWith(`\u001b[31m${'x'.repeat(5000)}\n`);
		expect(message).not.toContain('\u001b');
		expect(message.length).toBeLessThan(500);
	});
});
