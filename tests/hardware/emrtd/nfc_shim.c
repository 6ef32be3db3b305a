/* Stands in for libnfc, so that libmrtd talks to a Python callback instead of a radio. */
#include <stddef.h>
#include <stdint.h>

typedef int (*exchange_t)(const uint8_t *, size_t, uint8_t *, size_t);
static exchange_t exchange;

void set_exchange(exchange_t callback) { exchange = callback; }

int nfc_initiator_transceive_bytes(void *device, const uint8_t *sent, const size_t sent_size, uint8_t *received,
                                   const size_t room, int timeout)
{
    (void)device;
    (void)timeout;
    return exchange(sent, sent_size, received, room);
}
