/** What a job will do on a GPU in a given state. Pure: the state, the job and the random numbers are arguments. */
import { beginJob, endJob, endJobWithOom, makeRoom, withActivation, withModel } from './memory';
import { noiseFactor, type Random } from './random';
import {
	CACHED_PROMPT_SECONDS,
	RELOAD_SHARE,
	coldLoadSeconds,
	megapixelsOf,
	stageSeconds,
} from './timing';
import type {
	GpuJob,
	GpuProfile,
	GpuState,
	JobPlan,
	SamplingStage,
	SimulatedModel,
	StagePlan,
} from './types';

export interface Gpu {
	profile: GpuProfile;
	models: ReadonlyMap<string, SimulatedModel>;
}

/** Index of models by name, as `Gpu.models` wants it. */
export function modelsByName(models: SimulatedModel[]): Map<string, SimulatedModel> {
	return new Map(models.map((model) => [model.name, model]));
}

/**
 * Plans a whole job: load, run, peak, and where it runs out of memory if it does.
 * @throws Error when a stage names a model that the GPU does not have
 */
export function planJob(gpu: Gpu, state: GpuState, job: GpuJob, random: Random): JobPlan {
	if (isCached(state, job)) return cachedPlan();
	const noise = noiseFactor(gpu.profile.noise, random);
	const stages: StagePlan[] = [];
	let current = beginJob(
		state,
		job.stages.map((stage) => stage.modelName),
	);
	for (const stage of job.stages) {
		const plan = planStage(gpu, current, stage, noise);
		stages.push(plan);
		if (plan.oomAt) break;
		const room = makeRoom(
			gpu.profile,
			current,
			stage.modelName,
			plan.weightsBytes,
			plan.activationBytes,
		);
		current = withModel(room.state, stage.modelName, plan.weightsBytes);
	}
	return summarize(stages);
}

/** The state after the planned job ended by itself (not interrupted). */
export function stateAfterJob(gpu: Gpu, state: GpuState, job: GpuJob, plan: JobPlan): GpuState {
	if (plan.cached) return state;
	let current = beginJob(
		state,
		job.stages.map((stage) => stage.modelName),
	);
	for (const stage of plan.stages) {
		const room = makeRoom(
			gpu.profile,
			current,
			stage.modelName,
			stage.weightsBytes,
			stage.activationBytes,
		);
		current = withModel(room.state, stage.modelName, stage.weightsBytes);
	}
	return plan.oomAt ? endJobWithOom(current) : endJob(withActivation(current, 0), job.signature);
}

/** One sampler run as it would go now. */
export function planStage(
	gpu: Gpu,
	state: GpuState,
	stage: SamplingStage,
	noise: number,
): StagePlan {
	const model = gpu.models.get(stage.modelName);
	if (!model) throw new Error(`The simulated GPU has no model "${stage.modelName}".`);
	const temperature = temperatureOf(state, stage.modelName);
	const activationBytes = model.activationBytesPerMegapixel * megapixelsOf(stage) * stage.batchSize;
	const loadFit = makeRoom(gpu.profile, state, model.name, model.weightsBytes, 0).fit;
	const runFit = makeRoom(gpu.profile, state, model.name, model.weightsBytes, activationBytes).fit;
	const seconds = stageSeconds(model, stage, gpu.profile, noise);
	const paged = runFit === 'paged';
	const share = { warm: 0, unloaded: RELOAD_SHARE, cold: 1 }[temperature];
	return {
		...stage,
		...seconds,
		stepSeconds: seconds.stepSeconds * (paged ? gpu.profile.dynamicSlowdown : 1),
		temperature,
		loadSeconds: coldLoadSeconds(model, gpu.profile) * share,
		weightsBytes: paged ? pagedWeights(gpu, state, model, activationBytes) : model.weightsBytes,
		activationBytes,
		paged,
		oomAt: loadFit === 'oom' ? 'load' : runFit === 'oom' ? 'sampling' : null,
	};
}

/** The same prompt right after itself: nothing to do. */
export function isCached(state: GpuState, job: GpuJob): boolean {
	return job.signature !== null && job.signature === state.previousSignature;
}

function temperatureOf(state: GpuState, modelName: string): StagePlan['temperature'] {
	if (state.resident.has(modelName)) return 'warm';
	return state.cachedLoaders.has(modelName) ? 'unloaded' : 'cold';
}

/** Weights that stay in VRAM while the rest is paged: what the working memory leaves. */
function pagedWeights(
	gpu: Gpu,
	state: GpuState,
	model: SimulatedModel,
	activationBytes: number,
): number {
	const { vramTotalBytes, contextBytes } = gpu.profile;
	const room = vramTotalBytes - contextBytes - state.coTenantBytes - activationBytes;
	return Math.max(0, Math.min(model.weightsBytes, room));
}

function cachedPlan(): JobPlan {
	return {
		cached: true,
		stages: [],
		loadSeconds: 0,
		runSeconds: CACHED_PROMPT_SECONDS,
		totalSeconds: CACHED_PROMPT_SECONDS,
		peakBytes: 0,
		oomAt: null,
	};
}

function summarize(stages: StagePlan[]): JobPlan {
	let loadSeconds = 0;
	let runSeconds = 0;
	let peakBytes = 0;
	for (const stage of stages) {
		peakBytes = Math.max(peakBytes, stage.weightsBytes + stage.activationBytes);
		if (stage.oomAt === 'load') break;
		loadSeconds += stage.loadSeconds;
		runSeconds += stage.encodeSeconds;
		if (stage.oomAt) break;
		runSeconds += stage.steps * stage.stepSeconds + stage.decodeSeconds;
	}
	if (stages.length === 0) runSeconds = CACHED_PROMPT_SECONDS;
	const oomAt = stages.at(-1)?.oomAt ?? null;
	return {
		cached: false,
		stages,
		loadSeconds,
		runSeconds,
		totalSeconds: loadSeconds + runSeconds,
		peakBytes,
		oomAt,
	};
}
