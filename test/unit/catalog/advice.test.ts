import { describe, expect, it } from 'vitest';

import { staleAdvice, uncalibratedAdvice } from '../../../lib/catalog/advice';
import { parseCatalog } from '../../../lib/catalog/parse';
import { smallCatalog, smallPreset } from '../../support/catalog-builder';

const chosen = [{ model_name: 'a', preset: 'full', server: 'gpu1' }];

function catalogWith(preset: Record<string, unknown>) {
	const written = smallCatalog();
	written.models[0]!.presets = [{ ...smallPreset('full'), ...preset }];
	return parseCatalog(written);
}

describe('the advice on figures', () => {
	it('is silent where the times were measured, and where nothing was chosen', () => {
		expect(uncalibratedAdvice(catalogWith({ confidence: 'measured' }), chosen)).toBeNull();
		expect(uncalibratedAdvice(catalogWith({ confidence: 'published' }), [])).toBeNull();
	});

	it('names the preset, whose GPU the times are of, and what learns better ones', () => {
		const reference = { width: 1024, height: 1024, gpu: 'RTX 4090' };
		const advice = uncalibratedAdvice(catalogWith({ confidence: 'published', reference }), [
			...chosen,
			...chosen,
		]);
		expect(advice).toContain('the times of a / full are for RTX 4090');
		expect(advice).toContain('Calibrate');
	});
});

describe('the advice on models', () => {
	const shipped = smallCatalog();
	shipped.models.push({
		...shipped.models[0],
		name: 'b',
		files: { diffusion_model: 'b.safetensors', vae: 'vae.safetensors' },
	});
	const all = parseCatalog(shipped);
	const mine = parseCatalog(smallCatalog());
	const server = (...installed: string[]) => [{ name: 'gpu1', installed_files: installed }];

	it('names a shipped model that a server has completely and the catalog does not', () => {
		const advice = staleAdvice(mine, all, server('sub/b.safetensors', 'vae.safetensors'));
		expect(advice).toContain('not in your catalog: b.');
		expect(advice).toContain('Sync');
	});

	it.each([
		['a part is missing', mine, server('b.safetensors')],
		['nothing is known of the server', mine, [{ name: 'gpu1', installed_files: null }]],
		['the catalog has it', all, server('b.safetensors', 'vae.safetensors')],
	])('is silent where %s', (_why, catalog, servers) => {
		expect(staleAdvice(catalog, all, servers)).toBeNull();
	});

	it('is silent where the catalog has the files under a name of its own', () => {
		const renamed = smallCatalog();
		renamed.models[0]!.files = { diffusion_model: 'x/b.safetensors', vae: 'vae.safetensors' };
		const servers = server('b.safetensors', 'vae.safetensors');
		expect(staleAdvice(parseCatalog(renamed), all, servers)).toBeNull();
	});
});
