/*
 * Functions of glibc that gcc's libstdc++.a and libgcc_eh.a use and that musl
 * lacks. musl.sh links them into a libstdc++.so.6 for musl.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>
#include <sys/random.h>

/* <sys/single_threaded.h> */
char __libc_single_threaded = 0;

/* arc4random(3) */
uint32_t arc4random(void) {
    uint32_t random = 0;
    getrandom(&random, sizeof random, 0);
    return random;
}

/* struct dl_find_object in glibc's <dlfcn.h> */
struct found_object {
    unsigned long long flags;
    void *map_start, *map_end, *link_map, *eh_frame;
    unsigned long long reserved[7];
};

struct search {
    uintptr_t address;
    struct found_object *result;
    int found;
};

static int examine(struct dl_phdr_info *object, size_t size, void *data) {
    (void)size;
    struct search *search = data;
    uintptr_t start = UINTPTR_MAX, end = 0, eh_frame = 0;
    int contains = 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        uintptr_t from = object->dlpi_addr + header->p_vaddr, to = from + header->p_memsz;
        if (header->p_type == PT_GNU_EH_FRAME) eh_frame = from;
        if (header->p_type != PT_LOAD) continue;
        if (from < start) start = from;
        if (to > end) end = to;
        if (search->address >= from && search->address < to) contains = 1;
    }
    if (!contains || !eh_frame) return 0;
    *search->result = (struct found_object){
        .map_start = (void *)start, .map_end = (void *)end, .eh_frame = (void *)eh_frame};
    search->found = 1;
    return 1;
}

/* _dl_find_object(3): the object that an address belongs to, for the unwinder. */
int _dl_find_object(void *address, struct found_object *result) {
    struct search search = {(uintptr_t)address, result, 0};
    dl_iterate_phdr(examine, &search);
    return search.found ? 0 : -1;
}
