/** The conditioning half of a graph: texts, guidance, reference images. */
import type { SelectionParameters } from '../../selection/types';
import type { Link } from '../graph';
import type { FamilyShape } from './family';
import type { GraphBuilder } from './graph-builder';
import type { LoadedModel } from './loaders';

export interface Conditioning {
	positive: Link;
	negative: Link;
}

/** Images that ComfyUI's Qwen edit encoder takes. */
const MAX_QWEN_IMAGES = 3;

/** @param images scaled input images that the family edits from; empty for text to image */
export function addConditioning(
	builder: GraphBuilder,
	parameters: Pick<SelectionParameters, 'prompt' | 'negative_prompt'>,
	loaded: LoadedModel,
	shape: FamilyShape,
	images: readonly Link[],
): Conditioning {
	const encode = encoder(builder, loaded, shape, images);
	const positive = encode('Positive prompt', parameters.prompt);
	const negative = encode('Negative prompt', parameters.negative_prompt);
	const referenced =
		shape.editing === 'reference-latent'
			? addReferences(builder, { positive, negative }, loaded, images)
			: { positive, negative };
	if (shape.guidance === undefined) return referenced;
	const guided = builder.link('FluxGuidance', 'Guidance', {
		guidance: shape.guidance,
		conditioning: referenced.positive,
	});
	return { ...referenced, positive: guided };
}

function encoder(
	builder: GraphBuilder,
	{ clip, vae }: LoadedModel,
	shape: FamilyShape,
	images: readonly Link[],
): (title: string, text: string) => Link {
	const [first] = images;
	if (first !== undefined && shape.editing === 'qwen-edit') {
		return (title, prompt) =>
			builder.link('TextEncodeQwenImageEdit', title, { prompt, clip, vae, image: first });
	}
	if (first !== undefined && shape.editing === 'qwen-edit-plus') {
		const named = images
			.slice(0, MAX_QWEN_IMAGES)
			.map((image, index) => [`image${index + 1}`, image]);
		return (title, prompt) =>
			builder.link('TextEncodeQwenImageEditPlus', title, {
				prompt,
				clip,
				vae,
				...Object.fromEntries(named),
			});
	}
	return (title, text) => builder.link('CLIPTextEncode', title, { text, clip });
}

/** Every image's latent joins both conditionings, so that guidance compares like with like. */
function addReferences(
	builder: GraphBuilder,
	conditioning: Conditioning,
	{ vae }: LoadedModel,
	images: readonly Link[],
): Conditioning {
	let { positive, negative } = conditioning;
	images.forEach((pixels, index) => {
		const latent = builder.link('VAEEncode', `Encode reference ${index + 1}`, { pixels, vae });
		const title = `Reference ${index + 1}`;
		positive = builder.link('ReferenceLatent', title, { conditioning: positive, latent });
		negative = builder.link('ReferenceLatent', `${title} (negative)`, {
			conditioning: negative,
			latent,
		});
	});
	return { positive, negative };
}
