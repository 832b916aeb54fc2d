import { describe, expect, it } from 'vitest';

import { catalogOf, fleetOf, queued, rejected, select, selected, serverOf } from './builders';

const catalog = catalogOf([
	{ name: 'big', quality: 0.9, peakGb: 22, presets: [{ loras: [{ file: 'fast.safetensors' }] }] },
	{ name: 'small', quality: 0.5, peakGb: 8 },
]);
const idle = fleetOf(serverOf('a'));

describe('refusals', () => {
	it('names the known purposes', () => {
		const { rejection } = rejected(select(catalog, idle, { purpose: 'sculpture' }));
		expect(rejection.code).toBe('PURPOSE');
		expect(rejection.hint).toContain('photo');
	});

	it('says how much VRAM is missing', () => {
		const { rejection } = rejected(select(catalog, fleetOf(serverOf('a', { freeGb: 2 })), {}));
		expect(['VRAM', 'VRAM_OFFLOAD']).toContain(rejection.code);
		expect(rejection.vram_missing_bytes).toBe(6.5e9);
		expect(rejection.message).toContain('6.5 GB missing');
	});

	it('lists the files that are there when none of the catalog is installed', () => {
		const fleet = fleetOf(serverOf('a', { installed_files: ['mine.safetensors'] }));
		const { rejection } = rejected(select(catalog, fleet, {}));
		expect(rejection.code).toBe('NOT_INSTALLED');
		expect(rejection.message).toContain('mine.safetensors');
		expect(rejection.hint).toContain('update-models-config');
	});

	it.each([
		['LICENSE', { commercial_use: true }, { more: { commercial_use: false } }],
		['DISABLED', {}, { more: { enabled: false } }],
		['SIZE', { width: 4096 }, { more: { max_width: 2048 } }],
		['INPUTS', { images: ['a.png'] }, {}],
		['QUALITY_FLOOR', { min_quality: 0.95 }, {}],
		['MAX_COST', { max_cost: 1e-9 }, {}],
		['EXCLUDED', { exclude_models: ['only'] }, {}],
	] as const)('%s', (code, request, draft) => {
		const single = catalogOf([{ name: 'only', ...draft }]);
		const { rejection, alternatives } = rejected(select(single, idle, request));
		expect(rejection.code).toBe(code);
		expect(rejection.hint).not.toBe('');
		expect(alternatives.map((a) => a.reason_code)).toContain(code);
	});

	it('an edit without its image', () => {
		const editor = catalogOf([
			{ name: 'editor', purposes: { edit: 0.9 }, more: { inputs: ['text', 'image'] } },
		]);
		const { rejection } = rejected(select(editor, idle, { purpose: 'edit' }));
		expect(rejection.code).toBe('INPUTS');
		expect(rejection.message).toContain('needs an input image');
		expect(selected(select(editor, idle, { purpose: 'edit', images: ['x.png'] })).model_name).toBe(
			'editor',
		);
	});

	it('UNREACHABLE and QUEUE_FULL servers', () => {
		const down = fleetOf(serverOf('a', { reachable: false, devices: [] }));
		expect(rejected(select(catalog, down, {})).rejection.code).toBe('UNREACHABLE');
		const full = fleetOf(serverOf('a', { max_queue: 1, queue: [queued()] }));
		expect(rejected(select(catalog, full, {})).rejection.code).toBe('QUEUE_FULL');
	});

	it('an empty fleet and an empty catalog', () => {
		expect(rejected(select(catalog, fleetOf(), {})).rejection.message).toBe(
			'The fleet has no servers.',
		);
		expect(rejected(select(catalogOf([]), idle, {})).rejection.message).toBe(
			'The catalog has no models.',
		);
	});

	it('an unknown pin names the known models', () => {
		const { rejection } = rejected(select(catalog, idle, { model_name: 'huge' }));
		expect(rejection.code).toBe('EXCLUDED');
		expect(rejection.hint).toContain('big, small');
	});

	it('a pinned preset is the only one that is chosen', () => {
		const presets = [{ name: 'fast', seconds: 2 }, { name: 'slow' }];
		const two = catalogOf([{ name: 'big', presets }, { name: 'small' }]);
		for (const preset_name of ['fast', 'slow']) {
			expect(selected(select(two, idle, { preset_name }))).toMatchObject({
				model_name: 'big',
				preset: preset_name,
			});
			expect(rejected(select(two, idle, { preset_name, model_name: 'small' }))).toMatchObject({
				rejection: { code: 'EXCLUDED', message: expect.stringContaining(`"${preset_name}"`) },
			});
		}
		const one = selected(select(two, idle, { model_name: 'big', preset_name: 'slow' }));
		const lost = one.alternatives.find((other) => other.preset === 'fast');
		expect(lost).toMatchObject({ reason_code: 'EXCLUDED' });
	});

	it('an unknown preset names those of the pinned model', () => {
		const pinned = rejected(select(catalog, idle, { model_name: 'small', preset_name: 'none' }));
		expect(pinned.rejection).toMatchObject({ code: 'EXCLUDED' });
		expect(pinned.rejection.hint).toMatch(/^It has: \S/);
		const any = rejected(select(catalog, idle, { preset_name: 'none' })).rejection;
		expect(any).toMatchObject({ code: 'EXCLUDED', message: expect.stringContaining('"none"') });
		expect(any.hint).toContain('preset_name');
	});

	it('QUOTA says when it resets', () => {
		const quotas = [{ user_id: 'ann', images_left: 0, resets_at: '2026-02-01T00:00:00Z' }];
		const { rejection } = rejected(select(catalog, idle, { user_id: 'ann' }, { quotas }));
		expect(rejection.code).toBe('QUOTA');
		expect(rejection.hint).toContain('2026-02-01');
		expect(select(catalog, idle, { user_id: 'bob' }, { quotas }).decision).toBe('selected');
	});

	it('LATE names the least deadline, and asking with it is accepted', () => {
		for (const urgency of ['urgent', 'normal', 'flexible']) {
			const request = { urgency, if_late: 'reject', deadline_seconds: 0.1 };
			const { rejection } = rejected(select(catalog, idle, request));
			expect(rejection.code).toBe('LATE');
			const least = rejection.least_deadline_seconds as number;
			expect(rejection.hint).toContain(String(least));
			expect(select(catalog, idle, { ...request, deadline_seconds: least }).decision).toBe(
				'selected',
			);
			expect(select(catalog, idle, { ...request, deadline_seconds: least * 0.99 }).decision).toBe(
				'rejected',
			);
		}
	});
});

describe('memory that a run can get', () => {
	const resident = (freeGb: number, heldGb: number) =>
		fleetOf(
			serverOf('a', {
				devices: [
					{
						type: 'cuda',
						vram_total: 25e9,
						vram_free: freeGb * 1e9,
						torch_vram_total: heldGb * 1e9,
						torch_vram_free: 0,
					},
				],
			}),
		);

	it('counts what ComfyUI itself holds and would evict', () => {
		expect(selected(select(catalog, resident(3, 20), {})).model_name).toBe('big');
	});

	it('does not count what other processes hold', () => {
		expect(selected(select(catalog, resident(10, 1), {})).model_name).toBe('small');
	});

	it('keeps the reserve free, the fleet’s own value before the catalog’s', () => {
		const exact = (reserve: number | null) =>
			fleetOf(serverOf('a', { freeGb: 22.3, vram_reserve_gb: reserve }));
		expect(selected(select(catalog, exact(0.2), {})).model_name).toBe('big');
		expect(selected(select(catalog, exact(null), {})).model_name).toBe('small');
	});

	it('lets a given peak of 22 GB run on a 24 GB card', () => {
		const card = fleetOf(serverOf('a', { freeGb: 23.5 }));
		expect(selected(select(catalog, card, {})).model_name).toBe('big');
	});

	it('takes paging only where the request allows it, and counts the time', () => {
		const tight = fleetOf(serverOf('a', { freeGb: 18 }));
		const request = { model_name: 'big', urgency: 'flexible' };
		expect(rejected(select(catalog, tight, request)).rejection.code).toBe('VRAM_OFFLOAD');
		const paged = selected(select(catalog, tight, { ...request, allow_offload: true }));
		const full = selected(select(catalog, fleetOf(serverOf('a', { freeGb: 24 })), request));
		expect(paged.estimate.run_seconds).toBeGreaterThan(full.estimate.run_seconds);
		expect(paged.selection_reason).toMatch(/paged/);
	});

	it('takes off what a sibling on the same GPU is about to load', () => {
		const sibling = serverOf('b', {
			gpu_group: 'gpu0',
			queue: [queued({ model_name: 'small', running: true })],
			max_queue: 1,
		});
		const fleet = fleetOf(serverOf('a', { gpu_group: 'gpu0' }), sibling);
		expect(selected(select(catalog, fleet, {})).model_name).toBe('small');
		const alone = fleetOf(serverOf('a', { gpu_group: 'gpu1' }), sibling);
		expect(selected(select(catalog, alone, {})).model_name).toBe('big');
	});

	it.each(['cpu', 'mps'])(
		'on %s, where all figures are system memory, counts what is free',
		(type) => {
			const system = (free: number) =>
				fleetOf(
					serverOf('a', {
						devices: [
							{
								type,
								vram_total: 64e9,
								vram_free: free,
								torch_vram_total: 64e9,
								torch_vram_free: free,
							},
						],
					}),
				);
			expect(selected(select(catalog, system(40e9), {})).model_name).toBe('big');
			expect(selected(select(catalog, system(12e9), {})).model_name).toBe('small');
		},
	);

	it('refuses a reachable server that reports no device', () => {
		const { rejection } = rejected(select(catalog, fleetOf(serverOf('a', { devices: [] })), {}));
		expect(rejection.code).toBe('VRAM');
		expect(rejection.message).toContain('no device');
	});
});

describe('installed files', () => {
	const files = ['sub/big.safetensors', 'loras\\fast.safetensors', 'small.safetensors'];

	it('finds files in sub-folders, with either slash', () => {
		expect(
			selected(select(catalog, fleetOf(serverOf('a', { installed_files: files })), {})).model_name,
		).toBe('big');
	});

	it('needs the LoRAs of the preset too', () => {
		const fleet = fleetOf(
			serverOf('a', { installed_files: ['big.safetensors', 'small.safetensors'] }),
		);
		const selection = selected(select(catalog, fleet, {}));
		expect(selection.model_name).toBe('small');
		expect(selection.alternatives.find((a) => a.model_name === 'big')?.reason_code).toBe(
			'NOT_INSTALLED',
		);
	});
});
