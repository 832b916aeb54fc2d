/** Evidence for the Qwen-Image family. */
import type {
	Deduction,
	MemoryEvidence,
	ModelEvidence,
	QualityEvidence,
	TimeEvidence,
} from './types';

const qwenQuality: QualityEvidence = {
	elo: 1063,
	alignment: [0.87, (88.32 - 50) / 40, 0.882],
	text: [0.943, 0.829, 0.891],
	style: 0.418,
	portraitShift: -0.06,
	guessed: ['portraitShift'],
};

const qwen2512Quality: QualityEvidence = {
	elo: 1130,
	alignment: [0.876],
	text: [0.956, 0.99],
	style: 0.338,
	guessed: ['elo'],
};

const qwenFp8Memory: MemoryEvidence = {
	allPartsGb: 30.03,
	samplingGb: 20.4,
	activationFactor: 1.8,
	latentDivisor: 8,
	publishedPeakGb: 22.1,
	publishedLoadSeconds: 23,
};

/** bf16 transformer (40.9), fp8 encoder (9.38), VAE (0.25). */
const qwenBf16Memory: MemoryEvidence = {
	allPartsGb: 50.53,
	samplingGb: 40.9,
	activationFactor: 1.8,
	latentDivisor: 8,
};

const qwen = (
	passesPerStep: 1 | 2,
	deduction: Deduction,
	publishedSeconds?: number,
): TimeEvidence => ({
	deduction,
	fixedSeconds: 25,
	passSeconds: 1.16,
	passesPerStep,
	publishedSeconds,
});

const qwenEdit = (passesPerStep: 1 | 2, deduction: Deduction): TimeEvidence => ({
	deduction,
	fixedSeconds: 25,
	passSeconds: 2,
	passesPerStep,
});

export const QWEN: Record<string, ModelEvidence> = {
	'qwen-image': {
		quality: { ...qwenQuality, guessed: ['portraitShift', 'deductions'] },
		fp8: true,
		memory: qwenFp8Memory,
		presets: {
			full: qwen(2, 'none'),
			balanced: qwen(2, 'fewerSteps', 71),
			'lightning-4': qwen(1, 'lightning4'),
		},
	},
	'qwen-image-fp8-scaled': {
		quality: { ...qwenQuality, guessed: ['portraitShift', 'deductions'] },
		fp8: true,
		memory: qwenFp8Memory,
		presets: {
			full: qwen(2, 'none'),
			balanced: qwen(2, 'fewerSteps'),
			'lightning-8': qwen(1, 'lightning8', 34),
			'lightning-4': qwen(1, 'lightning4'),
		},
	},
	'qwen-image-2512': {
		quality: { ...qwen2512Quality, guessed: ['elo', 'deductions'] },
		fp8: true,
		memory: qwenFp8Memory,
		presets: { full: qwen(2, 'none'), balanced: qwen(2, 'fewerSteps') },
	},
	'qwen-image-2512-bf16': {
		quality: { ...qwen2512Quality, guessed: ['elo', 'deductions'] },
		fp8: false,
		memory: qwenBf16Memory,
		presets: {
			full: qwen(2, 'none'),
			balanced: qwen(2, 'fewerSteps'),
			'lightning-4': qwen(1, 'lightning4'),
		},
	},
	'qwen-image-edit-2509': {
		quality: { gedit: (7.54 + 7.48) / 2, imgEdit: 4.31, guessed: ['deductions'] },
		fp8: true,
		memory: {
			...qwenFp8Memory,
			referenceImages: 1,
			publishedPeakGb: undefined,
			publishedLoadSeconds: undefined,
		},
		presets: { full: qwenEdit(2, 'none'), balanced: qwenEdit(2, 'fewerSteps') },
	},
	'qwen-image-edit-2511': {
		quality: { gedit: 7.88, imgEdit: 4.51, guessed: ['deductions'] },
		fp8: false,
		memory: { ...qwenBf16Memory, referenceImages: 1 },
		presets: {
			full: qwenEdit(2, 'none'),
			balanced: qwenEdit(2, 'fewerSteps'),
			'lightning-4': qwenEdit(1, 'lightning4'),
		},
	},
	'qwen-image-edit-2511-lightning': {
		quality: { gedit: 7.88, imgEdit: 4.51, guessed: ['deductions'] },
		fp8: true,
		fused: 'lightning4',
		memory: {
			...qwenFp8Memory,
			referenceImages: 1,
			publishedPeakGb: undefined,
			publishedLoadSeconds: undefined,
		},
		presets: { 'lightning-4': qwenEdit(1, 'none') },
	},
};
