(* Echo with OCaml's Miou: owned descriptors, a task a client, orphans.

     ocamlfind ocamlopt -package miou.unix -linkpkg ocaml_miou.ml && ./a.out 7000 *)

let echo fd =
  let buffer = Bytes.create 16384 in
  let rec go () =
    let len = Miou_unix.Ownership.read fd buffer in
    if len > 0 then begin
      Miou_unix.Ownership.write fd ~len (Bytes.unsafe_to_string buffer);
      go ()
    end
  in
  go ();
  Miou_unix.Ownership.close fd

let rec clean orphans =
  match Miou.care orphans with
  | None | Some None -> ()
  | Some (Some client) ->
      ignore (Miou.await client);
      clean orphans

let listen port =
  let fd = Unix.socket ~cloexec:true Unix.PF_INET Unix.SOCK_STREAM 0 in
  Unix.setsockopt fd Unix.SO_REUSEADDR true;
  Unix.setsockopt fd Unix.TCP_NODELAY true;
  Unix.set_nonblock fd;
  Unix.bind fd (Unix.ADDR_INET (Unix.inet_addr_loopback, port));
  Unix.listen fd 4096;
  fd

let () =
  let port = if Array.length Sys.argv > 1 then int_of_string Sys.argv.(1) else 0 in
  Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
  Miou_unix.run ~domains:0 @@ fun () ->
  let socket = listen port in
  (match Unix.getsockname socket with
  | Unix.ADDR_INET (_, port) -> Printf.printf "listening %d\n%!" port
  | Unix.ADDR_UNIX _ -> assert false);
  let listener = Miou_unix.Ownership.of_file_descr socket in
  let orphans = Miou.orphans () in
  let rec serve () =
    clean orphans;
    let fd, _ = Miou_unix.Ownership.accept listener in
    let give = [ Miou_unix.Ownership.resource fd ] in
    ignore (Miou.async ~give ~orphans (fun () -> echo fd));
    serve ()
  in
  serve ()
