// Go's own note and tlog packages (golang.org/x/mod/sumdb) answer questions that come as a JSON array on standard input; the
// answers go to standard output as an array of the same length. An answer is a text, or null where the package refuses.
package main

import (
	"encoding/json"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type tree struct {
	Size int64
	Root tlog.Hash
}

type question struct {
	// "open", "sign", "root", "included" or "grown".
	Ask  string
	Note string
	Keys []string
	Text string
	// What the tree holds, for "root"; the record in question, for "included".
	Records []string
	Index   int64
	Tree    tree
	Older   tree
	Path    []tlog.Hash
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		log.Fatal(err)
	}
	answers := make([]*string, len(questions))
	for i, asked := range questions {
		if answer, err := answerTo(asked); err == nil {
			answers[i] = &answer
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func answerTo(asked question) (string, error) {
	switch asked.Ask {
	case "open":
		return open(asked.Note, asked.Keys)
	case "sign":
		return sign(asked.Text, asked.Keys)
	case "root":
		return root(asked.Records)
	case "included":
		record := tlog.RecordHash([]byte(asked.Records[0]))
		return "yes", tlog.CheckRecord(asked.Path, asked.Tree.Size, asked.Tree.Root, asked.Index, record)
	case "grown":
		return "yes", tlog.CheckTree(asked.Path, asked.Tree.Size, asked.Tree.Root, asked.Older.Size, asked.Older.Root)
	}
	log.Fatalf("nobody knows how to answer %q", asked.Ask)
	return "", nil
}

func open(signed string, keys []string) (string, error) {
	verifiers := make([]note.Verifier, len(keys))
	for i, key := range keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return "", err
		}
		verifiers[i] = verifier
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifiers...))
	if err != nil {
		return "", err
	}
	return opened.Text, nil
}

func sign(text string, keys []string) (string, error) {
	signers := make([]note.Signer, len(keys))
	for i, key := range keys {
		signer, err := note.NewSigner(key)
		if err != nil {
			return "", err
		}
		signers[i] = signer
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	return string(signed), err
}

func root(records []string) (string, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(places))
		for i, place := range places {
			found[i] = stored[place]
		}
		return found, nil
	})
	for n, record := range records {
		hashes, err := tlog.StoredHashes(int64(n), []byte(record), reader)
		if err != nil {
			return "", err
		}
		stored = append(stored, hashes...)
	}
	hash, err := tlog.TreeHash(int64(len(records)), reader)
	return hash.String(), err
}
