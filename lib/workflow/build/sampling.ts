/** The sampler: KSampler, or the custom one where a schedule of its own is asked for. */
import type { SelectionParameters } from '../../selection/types';
import type { Link } from '../graph';
import type { Conditioning } from './conditioning';
import type { GraphBuilder } from './graph-builder';

/** Schedules that are nodes of their own in ComfyUI, not options of KSampler. Compared without case and underscores. */
const SCHEDULE_NODES: Record<string, 'Flux2Scheduler' | 'SDTurboScheduler'> = {
	flux2: 'Flux2Scheduler',
	flux2scheduler: 'Flux2Scheduler',
	sdturbo: 'SDTurboScheduler',
	sdturboscheduler: 'SDTurboScheduler',
};

export interface SamplerInputs {
	parameters: SelectionParameters;
	/** Of this run; the image of a text-to-image graph is all noise, so denoise is 1 there. */
	denoise: number;
	seed: number;
	model: Link;
	conditioning: Conditioning;
	latent: Link;
}

export function addSampler(builder: GraphBuilder, inputs: SamplerInputs): Link {
	const name = inputs.parameters.scheduler.toLowerCase().replace(/_/g, '');
	const schedule = Object.hasOwn(SCHEDULE_NODES, name) ? SCHEDULE_NODES[name] : undefined;
	return schedule ? addCustom(builder, inputs, schedule) : addKSampler(builder, inputs);
}

function addKSampler(builder: GraphBuilder, inputs: SamplerInputs): Link {
	const { steps, cfg, sampler_name, scheduler } = inputs.parameters;
	const { seed, denoise, model, conditioning, latent } = inputs;
	return builder.link('KSampler', 'Sampler', {
		seed,
		steps,
		cfg,
		sampler_name,
		scheduler,
		denoise,
		model,
		positive: conditioning.positive,
		negative: conditioning.negative,
		latent_image: latent,
	});
}

function addCustom(
	builder: GraphBuilder,
	inputs: SamplerInputs,
	schedule: 'Flux2Scheduler' | 'SDTurboScheduler',
): Link {
	const { steps, cfg, sampler_name } = inputs.parameters;
	const { seed, model, conditioning, latent } = inputs;
	return builder.link('SamplerCustomAdvanced', 'Sampler', {
		noise: builder.link('RandomNoise', 'Noise', { noise_seed: seed }),
		guider: builder.link('CFGGuider', 'Guider', { cfg, model, ...conditioning }),
		sampler: builder.link('KSamplerSelect', 'Sampler name', { sampler_name }),
		sigmas: addSigmas(builder, inputs, schedule, steps),
		latent_image: latent,
	});
}

function addSigmas(
	builder: GraphBuilder,
	{ parameters, denoise, model }: SamplerInputs,
	schedule: 'Flux2Scheduler' | 'SDTurboScheduler',
	steps: number,
): Link {
	if (schedule === 'SDTurboScheduler') {
		return builder.link(schedule, 'Schedule', { steps, denoise, model });
	}
	const { width, height } = parameters;
	const sigmas = builder.link(schedule, 'Schedule', { steps, width, height });
	if (denoise === 1) return sigmas;
	// the second output is the low part, which is what an image starts from
	return [builder.add('SplitSigmasDenoise', 'Start from image', { denoise, sigmas }), 1];
}
