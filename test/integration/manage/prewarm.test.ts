import { afterEach, describe, expect, it } from 'vitest';

import { systemClock } from '../../../adapters/system-clock';
import { observationsFromHistory } from '../../../lib/calibration';
import { prewarm, type PrewarmOptions } from '../../../service/prewarm';
import { submitForeign } from '../../support/foreign-job';
import {
	countingRandom,
	type Lab,
	type LabOptions,
	openLab,
	quickCatalog,
	until,
} from '../../support/generate-lab';

let lab: Lab | undefined;
afterEach(async () => {
	await lab?.close();
	lab = undefined;
});

async function open(options: LabOptions = {}) {
	lab = await openLab(options);
	const { catalog, clients } = lab;
	const warm = (modelName: string, more: Partial<PrewarmOptions> = {}) =>
		prewarm({
			server: clients[0]!,
			catalog,
			modelName,
			clock: systemClock,
			random: countingRandom(),
			pollMs: 20,
			...more,
		});
	return { warm, standIn: lab.standIns[0]!, client: clients[0]!, catalog };
}

describe('prewarming', () => {
	it('makes the model resident with one step at a small size, and keeps no image', async () => {
		const { warm, standIn } = await open({ speedUp: 1 });
		const result = await warm('heavy');
		expect(result).toMatchObject({ status: 'warmed', model_name: 'heavy', loaded_before: null });
		expect(result.seconds).toBeGreaterThan(0.3);
		expect(standIn.gpu.residentModels()).toEqual(['heavy']);
		expect(standIn.disk.list('output')).toEqual([]);
	});

	it('is not learned from: one step at a small size is no job', async () => {
		const { warm, client, catalog } = await open();
		await warm('heavy');
		await submitForeign(client, catalog, 'light');
		await until('the other job is over', () => lab!.standIns[0]!.events.of('finished').length > 1);
		const history = await client.recentHistory(10);
		expect(history).toHaveLength(2);
		const learned = observationsFromHistory(history, catalog, 's1', systemClock.nowMs());
		expect(learned.map(({ model_name }) => model_name)).toEqual(['light']);
	});

	it('does nothing where it is resident already', async () => {
		const { warm, standIn } = await open();
		await warm('light');
		expect(await warm('light')).toMatchObject({ status: 'already_warm', seconds: null });
		expect(standIn.events.of('finished')).toHaveLength(1);
		expect(await warm('heavy')).toMatchObject({ status: 'warmed', loaded_before: 'light' });
	});

	it('makes room for jobs of others, unless forced', async () => {
		const { warm, client, catalog } = await open();
		const foreign = await submitForeign(client, catalog, 'heavy');
		await expect(warm('light')).rejects.toMatchObject({ code: 'SERVER_BUSY' });
		expect(await warm('light', { force: true })).toMatchObject({ status: 'warmed' });
		expect(await client.history(foreign)).toMatchObject({ status: 'success' });
	});

	it('refuses a model that does not fit, with the numbers', async () => {
		const { warm, standIn } = await open();
		standIn.gpu.setCoTenantBytes(20e9);
		await expect(warm('heavy')).rejects.toMatchObject({
			code: 'NOT_SERVED',
			message: expect.stringMatching(/needs .* GB of VRAM .* are there/),
		});
		expect(standIn.events.of('finished')).toEqual([]);
	});

	it('refuses a model whose files are missing, and names them', async () => {
		const { catalog } = await open();
		const models = [{ ...catalog.models[0]!, files: { checkpoint: 'absent.safetensors' } }];
		await expect(
			prewarm({
				server: lab!.clients[0]!,
				catalog: { ...catalog, models },
				modelName: 'heavy',
				clock: systemClock,
				random: countingRandom(),
			}),
		).rejects.toMatchObject({
			code: 'NOT_SERVED',
			message: expect.stringMatching(/absent\.safetensors/),
			hint: expect.stringMatching(/models\/checkpoints/),
		});
	});

	it('says when loading ran out of memory', async () => {
		const { warm, standIn } = await open();
		standIn.faults.oomNext('load');
		await expect(warm('heavy')).rejects.toMatchObject({ code: 'COMFYUI_OUT_OF_MEMORY' });
	});

	it('cancelled, takes its job back', async () => {
		const { warm, client, standIn } = await open({
			truth: { loadFactor: { heavy: 200 } },
			catalog: quickCatalog(),
		});
		const cancel = new AbortController();
		const running = warm('heavy', { signal: cancel.signal });
		await until('it has begun', () => standIn.events.of('started').length > 0);
		cancel.abort(new Error('enough'));
		await expect(running).rejects.toThrow('enough');
		const { running: left, pending } = await client.queue();
		expect(pending).toEqual([]);
		// an interrupt acts at the next step: what is left of it is our own job, about to end
		expect(left.length).toBeLessThanOrEqual(1);
	});
});
