/**
 * The UNets of the Stable Diffusion line: rule 18 of ComfyUI's detector. Members differ by context width, width of the
 * extra vector ("adm"), model channels and the depth of their transformers.
 *
 * Source: ComfyUI 0.8.0 `comfy/model_detection.py` (detect_unet_config) and `comfy/supported_models.py`.
 */
import type { KeyView } from '../keys';
import type { FamilyMatch } from '../types';

/** What the detector reads from a UNet's table. */
interface UnetShape {
	modelChannels: number;
	inputChannels: number;
	contextDim: number | null;
	admChannels: number | null;
	/** Projections in and out of the transformers are linear (2-D) instead of 1 x 1 convolutions. */
	linear: boolean;
	/** Transformer blocks after each residual block on the way in. */
	depths: number[];
	temporal: boolean;
}

interface UnetMember {
	family: string;
	comfyClass: string;
	memoryFactor: number;
	variant: string[];
	modelChannels: number;
	contextDim: number;
	admChannels: number | null;
	linear?: boolean;
	depths?: string;
	inputChannels?: number;
	temporal?: boolean;
}

const sdxl = (comfyClass: string, depths: string, variant: string[]): UnetMember => ({
	family: 'sdxl',
	comfyClass,
	memoryFactor: 0.8,
	variant,
	modelChannels: 320,
	contextDim: 2048,
	admChannels: 2816,
	linear: true,
	depths,
});

const sd1 = (comfyClass: string, variant: string[], inputChannels?: number): UnetMember => ({
	family: 'sd15',
	comfyClass,
	memoryFactor: 1,
	variant,
	modelChannels: 320,
	contextDim: 768,
	admChannels: null,
	linear: false,
	inputChannels,
});

const sd2 = (comfyClass: string, admChannels: number | null, variant: string[]): UnetMember => ({
	family: 'sd2',
	comfyClass,
	memoryFactor: 1,
	variant,
	modelChannels: 320,
	contextDim: 1024,
	admChannels,
	linear: true,
});

/** A UNet that ComfyUI runs and this product does not route: named, so that it is not taken for another. */
const other = (
	comfyClass: string,
	memoryFactor: number,
	member: Partial<UnetMember>,
): UnetMember => ({
	family: 'unknown',
	comfyClass,
	memoryFactor,
	variant: [],
	modelChannels: 320,
	contextDim: 1024,
	admChannels: null,
	...member,
});

/** In ComfyUI's order; the first whose every stated property agrees wins. */
const MEMBERS: readonly UnetMember[] = [
	other('LotusD', 1, { admChannels: 4, temporal: false }),
	sd1('SD15_instructpix2pix', ['instruct-pix2pix', 'edit'], 8),
	sd1('SD15', []),
	sd2('SD20', null, []),
	sd2('SD21UnclipL', 1536, ['unclip']),
	sd2('SD21UnclipH', 2048, ['unclip']),
	{
		...sdxl('SDXL_instructpix2pix', '0,0,2,2,10,10', ['instruct-pix2pix', 'edit']),
		inputChannels: 8,
	},
	{
		family: 'sdxl-refiner',
		comfyClass: 'SDXLRefiner',
		memoryFactor: 1,
		variant: ['refiner'],
		modelChannels: 384,
		contextDim: 1280,
		admChannels: 2560,
		linear: true,
		depths: '0,0,4,4,4,4,0,0',
	},
	sdxl('SDXL', '0,0,2,2,10,10', []),
	sdxl('SSD1B', '0,0,2,2,4,4', ['ssd-1b']),
	sdxl('KOALA_700M', '0,2,5', ['koala', '700m']),
	sdxl('KOALA_1B', '0,2,6', ['koala', '1b']),
	sdxl('Segmind_Vega', '0,0,1,1,2,2', ['vega']),
	other('SD_X4Upscaler', 1, { modelChannels: 256, inputChannels: 7, variant: ['upscaler'] }),
	other('SVD_img2vid', 2, { admChannels: 768, temporal: true, variant: ['video'] }),
	other('SV3D_u', 2, { admChannels: 256, temporal: true, variant: ['video'] }),
	other('SV3D_p', 2, { admChannels: 1280, temporal: true, variant: ['video'] }),
];

export function detectUnet(keys: KeyView): FamilyMatch | null {
	const shape = readShape(keys);
	if (!shape) return null;
	const member = MEMBERS.find((candidate) => agrees(candidate, shape));
	const evidence = [
		`UNet with context ${shape.contextDim ?? 'unknown'}, vector ${shape.admChannels ?? 'none'}, ` +
			`${shape.inputChannels} input channels, depths ${shape.depths.join(',') || 'none'}`,
	];
	if (!member) return null;
	return {
		family: member.family,
		comfyClass: member.comfyClass,
		memoryFactor: member.memoryFactor,
		latentChannels: 4,
		downscale: 8,
		variant: [
			...new Set([
				...member.variant,
				...(member.family === 'unknown' ? [] : editionByInput(shape.inputChannels)),
			]),
		],
		evidence,
	};
}

/** What a UNet takes in beside the four channels of its own latent. */
export function editionByInput(channels: number | null): string[] {
	if (channels === 9) return ['inpaint'];
	if (channels === 8) return ['instruct-pix2pix', 'edit'];
	return channels === 5 ? ['depth'] : [];
}

function agrees(member: UnetMember, shape: UnetShape): boolean {
	return (
		member.modelChannels === shape.modelChannels &&
		member.contextDim === shape.contextDim &&
		member.admChannels === shape.admChannels &&
		(member.temporal ?? false) === shape.temporal &&
		(member.linear === undefined || member.linear === shape.linear) &&
		(member.inputChannels === undefined || member.inputChannels === shape.inputChannels) &&
		(member.depths === undefined || member.depths === shape.depths.join(','))
	);
}

function readShape(keys: KeyView): UnetShape | null {
	const modelChannels = keys.axis('input_blocks.0.0.weight', 0);
	const inputChannels = keys.axis('input_blocks.0.0.weight', 1);
	if (modelChannels === null || inputChannels === null) return null;
	const shape: UnetShape = {
		modelChannels,
		inputChannels,
		contextDim: null,
		admChannels: keys.axis('label_emb.0.0.weight', 1),
		linear: false,
		depths: [],
		temporal: false,
	};
	const blocks = keys.countBlocks('input_blocks.');
	for (let block = 0; block < blocks; block += 1) readBlock(keys, `input_blocks.${block}.`, shape);
	return shape;
}

function readBlock(keys: KeyView, block: string, shape: UnetShape): void {
	// a down-sampling step or the first convolution, not a residual block
	if (keys.has(`${block}0.op.weight`) || !keys.has(`${block}0.in_layers.0.weight`)) return;
	const depth = keys.countBlocks(`${block}1.transformer_blocks.`);
	shape.depths.push(depth);
	if (depth === 0 || shape.contextDim !== null) return;
	shape.contextDim = keys.axis(`${block}1.transformer_blocks.0.attn2.to_k.weight`, 1);
	shape.linear = keys.rank(`${block}1.proj_in.weight`) === 2;
	shape.temporal =
		keys.has(`${block}1.time_stack.0.attn1.to_q.weight`) ||
		keys.has(`${block}1.time_mix_blocks.0.attn1.to_q.weight`);
}
