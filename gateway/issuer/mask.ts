/** The last four digits of a phone number: enough for its owner, nothing for anybody else. */
export const maskPhone = (phone: string): string => `•••• ${phone.slice(-4)}`;
