/* Runs a fuzz target without a fuzzer: every file of the corpus, then a number of mutations
 * of them that are the same on every machine. Usage: program corpus-directory mutations.
 * With clang the same target links against -fsanitize=fuzzer instead of this file. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 4096, MOST_FILES = 512 };

/* The name is the fuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seed {
    char name[256];
    uint8_t data[LONGEST];
    size_t size;
} seed;

static uint64_t
next_random(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static size_t
pick(uint64_t *state, size_t n)
{
    return n == 0 ? 0 : (size_t)(next_random(state) % n);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const seed *)a)->name, ((const seed *)b)->name);
}

static size_t
read_corpus(const char *path, seed *seeds)
{
    size_t n = 0;
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }
    for (struct dirent *d = readdir(dir); d != NULL && n < MOST_FILES;
         d = readdir(dir)) {
        char file[4096];
        (void)snprintf(file, sizeof file, "%s/%s", path, d->d_name);
        FILE *f = d->d_name[0] == '.' ? NULL : fopen(file, "rb");
        if (f == NULL) {
            continue;
        }
        (void)snprintf(seeds[n].name, sizeof seeds[n].name, "%s", d->d_name);
        seeds[n].size = fread(seeds[n].data, 1, LONGEST, f);
        (void)fclose(f);
        n++;
    }
    (void)closedir(dir);
    qsort(seeds, n, sizeof *seeds, by_name); /* the order of a directory is not fixed */
    return n;
}

/* Puts n bytes of `from` into the text at `at`, over what is there or between. */
static size_t
paste(uint8_t *text, size_t size, size_t at, const uint8_t *from, size_t n, int between)
{
    if (at + n > LONGEST || (between && size + n > LONGEST)) {
        return size;
    }
    if (between) {
        memmove(text + at + n, text + at, size - at);
        size += n;
    }
    memmove(text + at, from, n); /* the piece may be of the text itself */
    return size < at + n ? at + n : size;
}

static size_t
mutate(uint8_t *text, size_t size, const seed *seeds, size_t n_seeds, uint64_t *state)
{
    const seed *other = &seeds[pick(state, n_seeds)];
    size_t at = pick(state, size + 1);
    size_t from = pick(state, other->size);
    size_t n = pick(state, other->size - from + 1);
    uint8_t byte = (uint8_t)next_random(state);
    switch (pick(state, 6)) {
    case 0: /* a piece of another file */
        return paste(text, size, at, other->data + from, n, 1);
    case 1:
        return paste(text, size, at, other->data + from, n, 0);
    case 2: /* a piece of itself again */
        n = pick(state, size - at + 1);
        return paste(text, size, pick(state, size + 1), text + at, n > 64 ? 64 : n, 0);
    case 3: /* cut */
        n = pick(state, size - at + 1);
        memmove(text + at, text + at + n, size - at - n);
        return size - n;
    case 4:
        return paste(text, size, at, &byte, 1, 1);
    default: /* flip a bit */
        if (at < size) {
            text[at] ^= (uint8_t)(1U << (byte & 7));
        }
        return size;
    }
}

int
main(int argc, char **argv)
{
    seed *seeds = calloc(MOST_FILES, sizeof *seeds);
    size_t n_seeds = argc > 1 && seeds != NULL ? read_corpus(argv[1], seeds) : 0;
    long mutations = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    if (n_seeds == 0) {
        (void)fprintf(stderr, "usage: %s corpus-directory mutations\n", argv[0]);
        free(seeds);
        return 1;
    }
    for (size_t i = 0; i < n_seeds; i++) {
        (void)LLVMFuzzerTestOneInput(seeds[i].data, seeds[i].size);
    }
    uint64_t state = 20260131;
    static uint8_t text[2 * LONGEST];
    for (long k = 0; k < mutations; k++) {
        const seed *s = &seeds[pick(&state, n_seeds)];
        size_t size = s->size;
        memcpy(text, s->data, size);
        for (size_t m = 1 + pick(&state, 4); m > 0; m--) {
            size = mutate(text, size, seeds, n_seeds, &state);
        }
        (void)LLVMFuzzerTestOneInput(text, size);
    }
    (void)printf("%zu files and %ld mutations\n", n_seeds, mutations);
    free(seeds);
    return 0;
}
