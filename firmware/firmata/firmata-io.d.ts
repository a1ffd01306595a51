/** The package ships no types. */
declare module 'firmata-io' {
  const library: import('#firmware/firmata/library.ts').FirmataLibrary;
  export = library;
}
