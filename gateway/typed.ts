/** Figures as people type them: in fours, or in full width, as a keyboard for Chinese writes them. */

/** Without blanks and hyphens, in narrow characters; whether these are figures is for others to say. */
export const typedFigures = (text: string): string => text.normalize('NFKC').replace(/[\s-]/g, '');
