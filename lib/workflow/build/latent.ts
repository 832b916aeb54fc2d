/** What the sampler starts from: an empty latent, an image, or an image of which a mask is painted anew. */
import type { SelectionParameters } from '../../selection/types';
import type { Link } from '../graph';
import type { FamilyShape } from './family';
import type { GraphBuilder } from './graph-builder';

type Size = Pick<SelectionParameters, 'width' | 'height' | 'batch_size'>;

export function addEmptyLatent(builder: GraphBuilder, size: Size, shape: FamilyShape): Link {
	const { width, height, batch_size } = size;
	return builder.link(shape.latentNode, 'Size', { width, height, batch_size });
}

/** The first image as start, at the size asked for; with a mask (white is painted anew) only that part changes. */
export function addImageLatent(
	builder: GraphBuilder,
	size: Size,
	vae: Link,
	image: Link,
	mask: string | null,
): Link {
	const { width, height, batch_size } = size;
	const pixels = builder.link('ImageScale', 'Scale to size', {
		upscale_method: 'lanczos',
		width,
		height,
		crop: 'center',
		image,
	});
	let latent = builder.link('VAEEncode', 'Encode image', { pixels, vae });
	if (mask !== null) {
		const fitted = addMask(builder, mask, size);
		latent = builder.link('SetLatentNoiseMask', 'Paint only here', {
			samples: latent,
			mask: fitted,
		});
	}
	if (batch_size === 1) return latent;
	return builder.link('RepeatLatentBatch', 'Batch', { amount: batch_size, samples: latent });
}

/** The mask is cut as the image is, or the two would not lie on each other. */
function addMask(builder: GraphBuilder, mask: string, { width, height }: Size): Link {
	const image = builder.link('LoadImage', 'Load mask', { image: mask });
	const scaled = builder.link('ImageScale', 'Scale mask', {
		upscale_method: 'bilinear',
		width,
		height,
		crop: 'center',
		image,
	});
	return builder.link('ImageToMask', 'Mask', { image: scaled, channel: 'red' });
}
