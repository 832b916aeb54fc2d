/** Evidence for FLUX.2, HiDream, Z-Image, Lumina and HunyuanImage. */
import { resident, swapping } from './timing';
import type { MemoryEvidence, ModelEvidence } from './types';

const hidreamMemory: MemoryEvidence = {
	allPartsGb: 33.31,
	samplingGb: 17.1,
	activationFactor: 2,
	latentDivisor: 8,
};

export const OTHERS: Record<string, ModelEvidence> = {
	'flux2-klein-4b': {
		quality: {
			elo: 1070,
			alignment: [0.82],
			text: [0.75],
			editGuess: 0.65,
			guessed: ['elo', 'alignment', 'text', 'edit'],
		},
		fp8: true,
		memory: {
			allPartsGb: 12.45,
			samplingGb: 4.07,
			largerEncoderGb: 8.04,
			activationFactor: 29.264,
			latentDivisor: 16,
			publishedPeakGb: 9,
		},
		presets: { full: resident(0.3, 1) },
	},
	'flux2-klein-9b': {
		quality: {
			elo: 1110,
			alignment: [0.848, 0.887],
			text: [0.864, 0.866],
			style: 0.442,
			editGuess: 0.75,
			guessed: ['elo', 'edit'],
		},
		fp8: true,
		memory: { allPartsGb: 18.47, samplingGb: 9.43, activationFactor: 29.264, latentDivisor: 16 },
		presets: { full: resident(0.375, 1) },
	},
	'flux2-dev': {
		quality: {
			elo: 1147,
			alignment: [0.87, (87.57 - 50) / 40],
			text: [0.963, 0.893],
			gedit: 7.41,
			imgEdit: 4.35,
			guessed: ['deductions'],
		},
		fp8: true,
		memory: { allPartsGb: 53.84, samplingGb: 35.5, activationFactor: 29.264, latentDivisor: 16 },
		presets: { full: swapping(53.84, 1.33, 1), balanced: swapping(53.84, 1.33, 1, 'fewerSteps') },
	},
	'hidream-i1-full': {
		quality: {
			elo: 1085,
			alignment: [0.83, (85.89 - 50) / 40, 0.829],
			text: [0.543, 0.707],
			style: 0.347,
			guessed: ['elo', 'deductions'],
		},
		fp8: true,
		memory: hidreamMemory,
		presets: { full: swapping(33.31, 0.71, 2), balanced: swapping(33.31, 0.71, 2, 'fewerSteps') },
	},
	'hidream-i1-dev': {
		quality: { elo: 1076, alignment: [0.825], text: [0.58], guessed: ['alignment', 'text'] },
		fp8: true,
		memory: hidreamMemory,
		presets: { full: swapping(33.31, 0.71, 1) },
	},
	'hidream-i1-fast': {
		quality: { elo: 1053, alignment: [0.81], text: [0.53], guessed: ['alignment', 'text'] },
		fp8: true,
		memory: hidreamMemory,
		presets: { full: swapping(33.31, 0.71, 1) },
	},
	'z-image-turbo': {
		quality: {
			elo: 1161,
			alignment: [0.823, (84.86 - 50) / 40, 0.84],
			text: [0.917, 0.859, 0.994],
			style: 0.368,
			guessed: ['deductions'],
		},
		fp8: false,
		memory: { allPartsGb: 20.68, samplingGb: 12.3, activationFactor: 2, latentDivisor: 8 },
		presets: { full: resident(0.375, 1), 'fast-4': resident(0.375, 1, 'lightning4') },
	},
	'z-image': {
		quality: {
			elo: 1120,
			alignment: [0.84, 0.881],
			text: [0.935, 0.987],
			style: 0.387,
			guessed: ['elo', 'deductions'],
		},
		fp8: false,
		memory: { allPartsGb: 20.68, samplingGb: 12.3, activationFactor: 2, latentDivisor: 8 },
		presets: { full: resident(0.375, 2), balanced: resident(0.375, 2, 'fewerSteps') },
	},
	'lumina-image-2': {
		quality: {
			elo: 950,
			alignment: [0.73, (87.2 - 50) / 40],
			text: [0.25],
			guessed: ['elo', 'text', 'deductions'],
		},
		fp8: false,
		memory: { allPartsGb: 10.6, samplingGb: 5.22, activationFactor: 1.4, latentDivisor: 8 },
		presets: { full: resident(0.1, 2), balanced: resident(0.1, 2, 'fewerSteps') },
	},
	'hunyuan-image-2.1': {
		quality: {
			elo: 1074,
			alignment: [0.835],
			text: [0.816],
			style: 0.355,
			guessed: ['deductions'],
		},
		fp8: true,
		memory: { allPartsGb: 28.03, samplingGb: 17.4, activationFactor: 8.7, latentDivisor: 32 },
		presets: { full: swapping(28.03, 0.71, 2), balanced: swapping(28.03, 0.71, 2, 'fewerSteps') },
	},
};
