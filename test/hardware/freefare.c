/*
 * libfreefare as a judge: it makes an application on the card at LIBNFC_DEFAULT_DEVICE, and debits,
 * credits, commits and reads back in every communication mode. One line a step; it ends at the first
 * that fails. The library's own header is not needed to run it, and so not asked for.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef void *Handle;
extern void nfc_init(Handle *context);
extern Handle nfc_open(Handle context, const char *name);
extern void nfc_close(Handle device);
extern void nfc_exit(Handle context);
extern Handle *freefare_get_tags(Handle device);
extern const char *freefare_strerror(Handle tag);
extern int mifare_desfire_connect(Handle tag);
extern int mifare_desfire_disconnect(Handle tag);
extern Handle mifare_desfire_aes_key_new(const uint8_t key[16]);
extern Handle mifare_desfire_aes_key_new_with_version(const uint8_t key[16], uint8_t version);
extern Handle mifare_desfire_aid_new(uint32_t aid);
extern uint32_t mifare_desfire_aid_get_aid(Handle aid);
extern int mifare_desfire_authenticate(Handle tag, uint8_t number, Handle key);
extern int mifare_desfire_create_application_aes(Handle, Handle aid, uint8_t settings, uint8_t keys);
extern int mifare_desfire_select_application(Handle tag, Handle aid);
extern int mifare_desfire_get_application_ids(Handle tag, Handle **aids, size_t *count);
extern int mifare_desfire_change_key(Handle tag, uint8_t number, Handle wanted, Handle old);
extern int mifare_desfire_get_key_version(Handle tag, uint8_t number, uint8_t *version);
extern int mifare_desfire_create_value_file(Handle, uint8_t file, uint8_t mode, uint16_t access,
                                            int32_t lower, int32_t upper, int32_t value, uint8_t);
extern int mifare_desfire_create_backup_data_file(Handle, uint8_t file, uint8_t mode, uint16_t access,
                                                  uint32_t size);
extern int mifare_desfire_create_cyclic_record_file(Handle, uint8_t file, uint8_t mode, uint16_t access,
                                                    uint32_t size, uint32_t records);
extern int mifare_desfire_get_file_ids(Handle tag, uint8_t **files, size_t *count);
extern int mifare_desfire_change_file_settings(Handle, uint8_t file, uint8_t mode, uint16_t access);
extern int mifare_desfire_get_value(Handle tag, uint8_t file, int32_t *value);
extern int mifare_desfire_debit(Handle tag, uint8_t file, int32_t amount);
extern int mifare_desfire_credit(Handle tag, uint8_t file, int32_t amount);
extern int mifare_desfire_limited_credit(Handle tag, uint8_t file, int32_t amount);
extern ssize_t mifare_desfire_write_data(Handle, uint8_t file, off_t at, size_t length, const void *);
extern ssize_t mifare_desfire_read_data(Handle, uint8_t file, off_t at, size_t length, void *data);
extern ssize_t mifare_desfire_write_record(Handle, uint8_t file, off_t at, size_t length, void *data);
extern ssize_t mifare_desfire_read_records(Handle, uint8_t file, off_t from, size_t count, void *data);
extern int mifare_desfire_commit_transaction(Handle tag);
extern int mifare_desfire_abort_transaction(Handle tag);
extern int mifare_desfire_get_card_uid(Handle tag, char **uid);

static Handle tag;

static void must(const char *step, long result) {
  if (result < 0) {
    printf("%s: %s\n", step, freefare_strerror(tag));
    exit(1);
  }
  printf("%s\n", step);
}

static void wants(const char *what, long wanted, long found) {
  if (wanted == found) return;
  printf("%s: %ld instead of %ld\n", what, found, wanted);
  exit(1);
}

static void wants_value(uint8_t file, int32_t wanted) {
  int32_t value = 0;
  must("get value", mifare_desfire_get_value(tag, file, &value));
  wants("value", wanted, value);
}

/* Key 1 reads, writes and does all; key 0 changes. */
static const uint16_t ACCESS = 0x1110;
static const uint8_t MODES[] = {0x00, 0x01, 0x03};

static void use_value(uint8_t file, uint8_t mode) {
  must("create value file",
       mifare_desfire_create_value_file(tag, file, mode, ACCESS, 0, 5000, 1000, 1));
}

static void trade(uint8_t file) {
  wants_value(file, 1000);
  must("debit", mifare_desfire_debit(tag, file, 250));
  wants_value(file, 1000);
  must("commit", mifare_desfire_commit_transaction(tag));
  wants_value(file, 750);
  must("limited credit", mifare_desfire_limited_credit(tag, file, 50));
  must("commit", mifare_desfire_commit_transaction(tag));
  must("credit", mifare_desfire_credit(tag, file, 200));
  must("commit", mifare_desfire_commit_transaction(tag));
  wants_value(file, 1000);
  must("debit", mifare_desfire_debit(tag, file, 1));
  must("abort", mifare_desfire_abort_transaction(tag));
  wants_value(file, 1000);
}

static void keep(uint8_t data_file, uint8_t record_file) {
  uint8_t out[150], in[150] = {0};
  for (size_t at = 0; at < sizeof out; at += 1) out[at] = (uint8_t)(at * 7);
  must("write data", mifare_desfire_write_data(tag, data_file, 10, sizeof out, out));
  must("write record", mifare_desfire_write_record(tag, record_file, 0, 16, out));
  must("commit", mifare_desfire_commit_transaction(tag));
  wants("length", sizeof in, mifare_desfire_read_data(tag, data_file, 10, sizeof in, in));
  wants("data", 0, memcmp(in, out, sizeof in));
  memset(in, 0, sizeof in);
  must("read records", mifare_desfire_read_records(tag, record_file, 0, 1, in));
  wants("record", 0, memcmp(in, out, 16));
}

int main(void) {
  uint8_t zero[16] = {0}, fresh[16];
  memset(fresh, 0x42, sizeof fresh);
  Handle context, nothing = mifare_desfire_aes_key_new(zero);
  Handle key = mifare_desfire_aes_key_new_with_version(fresh, 9);
  nfc_init(&context);
  Handle device = nfc_open(context, NULL);
  if (device == NULL) return 2;
  Handle *tags = freefare_get_tags(device);
  if (tags == NULL || tags[0] == NULL) return 3;
  tag = tags[0];
  must("connect", mifare_desfire_connect(tag));
  must("authenticate the card", mifare_desfire_authenticate(tag, 0, nothing));
  Handle aid = mifare_desfire_aid_new(0xb00b1e);
  must("create application", mifare_desfire_create_application_aes(tag, aid, 0x0b, 2));
  Handle *aids = NULL;
  size_t count = 0;
  must("list applications", mifare_desfire_get_application_ids(tag, &aids, &count));
  wants("applications", 1, (long)count);
  wants("application", 0xb00b1e, (long)mifare_desfire_aid_get_aid(aids[0]));
  must("select", mifare_desfire_select_application(tag, aid));
  must("authenticate", mifare_desfire_authenticate(tag, 0, nothing));
  must("change key 1", mifare_desfire_change_key(tag, 1, key, nothing));
  must("change key 0", mifare_desfire_change_key(tag, 0, key, NULL));
  must("authenticate anew", mifare_desfire_authenticate(tag, 0, key));
  uint8_t version = 0;
  must("key version", mifare_desfire_get_key_version(tag, 1, &version));
  wants("version", 9, version);
  for (uint8_t at = 0; at < 3; at += 1) {
    use_value(at, MODES[at]);
    must("create data file",
         mifare_desfire_create_backup_data_file(tag, 4 + at, MODES[at], ACCESS, 200));
    must("create record file",
         mifare_desfire_create_cyclic_record_file(tag, 8 + at, MODES[at], ACCESS, 16, 3));
  }
  uint8_t *files = NULL;
  must("list files", mifare_desfire_get_file_ids(tag, &files, &count));
  wants("files", 9, (long)count);
  must("change file settings", mifare_desfire_change_file_settings(tag, 4, 0x03, ACCESS));
  must("authenticate with key 1", mifare_desfire_authenticate(tag, 1, key));
  for (uint8_t at = 0; at < 3; at += 1) {
    trade(at);
    keep(4 + at, 8 + at);
  }
  char *uid = NULL;
  must("card's UID", mifare_desfire_get_card_uid(tag, &uid));
  printf("uid %s\n", uid);
  must("disconnect", mifare_desfire_disconnect(tag));
  nfc_close(device);
  nfc_exit(context);
  printf("all is well\n");
  return 0;
}
