/** What people type: figures in fours, or in full width, as a keyboard for Chinese writes them. */

/** In narrow characters, without blanks around it. */
export const typedText = (text: string): string => text.normalize('NFKC').trim();

/** Without blanks and hyphens, in narrow characters; whether these are figures is for others to say. */
export const typedFigures = (text: string): string => text.normalize('NFKC').replace(/[\s-]/g, '');
