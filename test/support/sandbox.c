/*
 * Runs a program under restrictions of a service manager, without one.
 * Usage: sandbox [options] COMMAND...
 *
 *   --families LIST   socket(2) accepts these address families only, by number
 *   --syscalls FILE   only these system calls succeed, by number; others: EPERM
 *   --mdwe            memory that is or was writable cannot be executable
 *                     (MemoryDenyWriteExecute)
 */
#include <errno.h>
#include <getopt.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65 /* <linux/prctl.h> since Linux 6.3 */
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define MAX_INSTRUCTIONS 4096

static struct sock_filter filter[MAX_INSTRUCTIONS];
static unsigned short length;

static void add(struct sock_filter instruction) {
    if (length == MAX_INSTRUCTIONS) exit(2);
    filter[length++] = instruction;
}

static void load(unsigned offset) {
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

/* Returns `action` if what was loaded is `value`. */
static void on(unsigned value, unsigned action) {
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

int main(int argc, char **argv) {
    const char *families = NULL, *syscalls = NULL;
    int mdwe = 0;
    static const struct option options[] = {
        {"families", 1, 0, 'f'}, {"syscalls", 1, 0, 's'}, {"mdwe", 0, 0, 'm'}, {0, 0, 0, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
        switch (option) {
        case 'f': families = optarg; break;
        case 's': syscalls = optarg; break;
        case 'm': mdwe = 1; break;
        default: return 2;
        }
    }

    if (families) {
        char *list = strdup(families);
        unsigned numbers[16], count = 0;
        for (char *entry = strtok(list, ","); entry && count < 16; entry = strtok(NULL, ","))
            numbers[count++] = (unsigned)atoi(entry);
        load(offsetof(struct seccomp_data, nr));
        /* Another system call: beyond the load, the families, and the refusal. */
        add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, (unsigned char)(count + 2)));
        /* The family is the low half of the first argument (little-endian). */
        load(offsetof(struct seccomp_data, args[0]));
        for (unsigned i = 0; i < count; i++)
            add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], (unsigned char)(count - i), 0));
        add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT));
    }
    if (syscalls) {
        FILE *file = fopen(syscalls, "r");
        unsigned number;
        if (!file) {
            perror(syscalls);
            return 2;
        }
        load(offsetof(struct seccomp_data, nr));
        while (fscanf(file, "%u", &number) == 1) on(number, SECCOMP_RET_ALLOW);
        fclose(file);
        add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    } else {
        add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }

    struct sock_fprog program = {.len = length, .filter = filter};
    if (mdwe && prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)) {
        perror("sandbox: PR_SET_MDWE");
        return 1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("sandbox: seccomp");
        return 1;
    }
    execvp(argv[optind], argv + optind);
    perror(argv[optind]);
    return 127;
}
